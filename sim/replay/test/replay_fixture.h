/* Plays a recording that stands in the test. */
#ifndef SIM_REPLAY_TEST_REPLAY_FIXTURE_H
#define SIM_REPLAY_TEST_REPLAY_FIXTURE_H

#include <string.h>

#include "sim/replay/replay.h"
#include "tests/gtest_c.h"

struct replayed {
    struct replay_result result;
    struct diag diag;
    bool played;
};

static inline void replayed_setup(struct replayed *f)
{
    diag_init(&f->diag);
}

static inline void replayed_teardown(struct replayed *f)
{
    diag_free(&f->diag);
}

static inline void play_text(struct replayed *f, const char *text)
{
    struct recording *r = recording_from("text", text, &f->diag);

    f->played = r && replay_play(r, &f->result, &f->diag);
    recording_free(r);
}

static inline void play_file(struct replayed *f, const char *path)
{
    struct recording *r = recording_load(path, &f->diag);

    f->played = r && replay_play(r, &f->result, &f->diag);
    recording_free(r);
}

#define EXPECT_COUNTS(f, compared_, different_, unscored_)                     \
    do {                                                                       \
        EXPECT_TRUE((f)->played, "%s", (f)->diag.text ? (f)->diag.text : "");  \
        EXPECT_EQ((f)->result.compared, compared_);                            \
        EXPECT_EQ((f)->result.different, different_);                          \
        EXPECT_EQ((f)->result.unscored, unscored_);                            \
    } while (0)

#define EXPECT_MISTAKE(f, text_)                                               \
    do {                                                                       \
        EXPECT_FALSE((f)->played);                                             \
        ASSERT_TRUE((f)->diag.text != NULL);                                   \
        EXPECT_TRUE(strstr((f)->diag.text, text_) != NULL, "%s",               \
                    (f)->diag.text);                                           \
    } while (0)

#endif
