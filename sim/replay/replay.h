/*
 * Plays a recording into the models and compares every answer.
 *
 * A recording is stimulus and answer at once: each operation is done to the
 * models, wired as the recorded board was, and what they answer must be what
 * was recorded.  docs/replay.md says which recordings there are.
 */
#ifndef SIM_REPLAY_REPLAY_H
#define SIM_REPLAY_REPLAY_H

#include "sim/replay/recording.h"

#define REPLAY_EARLIER 10u
#define REPLAY_ANSWER 32u

/* Rules that a recording breaks. */
enum replay_exception {
#define EXCEPTION(name, rule, recording) REPLAY_##name,
#include "sim/replay/exceptions.def"
#undef EXCEPTION
    REPLAY_EXCEPTIONS
};

/* The first difference. */
struct replay_first {
    uint32_t line;
    char expected[REPLAY_ANSWER], got[REPLAY_ANSWER];
    /* The lines before it, oldest first, that touched the same register,
     * vector or line. */
    uint32_t earlier[REPLAY_EARLIER];
    unsigned earlier_count;
};

struct replay_result {
    uint64_t compared; /* scored answers */
    uint64_t different;
    uint64_t unscored; /* answers that are marked, or in `excepted` */
    uint64_t excepted[REPLAY_EXCEPTIONS];
    struct replay_first first; /* if any is different */
};

/* False after the recording's mistakes are in `d`; nothing was played then. */
bool replay_play(const struct recording *r, struct replay_result *result,
                 struct diag *d);

const char *replay_exception_rule(enum replay_exception e);
const char *replay_exception_recording(enum replay_exception e);

#endif
