/* Both sides at once: what is done to them, and how their answers differ. */
#ifndef TESTS_DIFFERENTIAL_DUEL_H
#define TESTS_DIFFERENTIAL_DUEL_H

#include "sim/core/rng.h"
#include "tests/differential/board.h"
#include "tests/differential/qemu.h"

enum known {
#define KNOWN(name, block, rule, qemu, verdict) KNOWN_##name,
#include "tests/differential/known.def"
    KNOWN_COUNT
};

#define TRAIL_MAX 40u

struct duel {
    const char *block; /* "8259A" or "I/O APIC" */
    struct board board;
    struct qemu qemu;
    struct rng rng;
    uint64_t seed, step;
    struct op trail[TRAIL_MAX]; /* the last operations, a ring */
    uint64_t trail_count;       /* since both were set up alike */
    uint64_t answers;           /* that were compared */
    uint64_t messages, vectors; /* in the random operations */
    uint64_t hits[KNOWN_COUNT], avoided[KNOWN_COUNT];
    unsigned passed, failed;
};

struct answers {
    struct answer ours, theirs;
};

/* On both sides; nothing is compared. */
struct answers duel_do(struct duel *d, const struct op *op);
void duel_do_all(struct duel *d, const struct op *ops);

/* The trail begins anew: both sides are in the same state. */
void duel_alike(struct duel *d);

/* On both sides, and their answers must be the same but for what is known of
 * messages.  False, once it is reported, if they are not.  duel_step() is
 * remembered for that report; duel_look() must leave both states alone. */
bool duel_step(struct duel *d, const struct op *op);
bool duel_look(struct duel *d, const struct op *op);

static inline unsigned below(struct duel *d, unsigned n)
{
    return (unsigned)rng_below(&d->rng, n);
}

/* ---- known differences ---- */

enum sees {
    SEES_VALUE,
    SEES_INT,
    SEES_MESSAGES, /* how many */
    SEES_ADDR,     /* of the first message */
    SEES_DATA,
    SEES_REACHED,
};

#define WITNESS_OPS 16u

/* Operations whose last one shows a known difference. */
struct witness {
    enum known known;
    enum sees sees; /* of the last operation's answer */
    uint32_t page, qemu;
    bool nobody; /* takes messages */
    struct op op[WITNESS_OPS];
};

#define IN(port)                                                               \
    {                                                                          \
        OP_IN, 1, port, 0                                                      \
    }
#define OUT(port, value)                                                       \
    {                                                                          \
        OP_OUT, 1, port, value                                                 \
    }
#define LINE(n, high)                                                          \
    {                                                                          \
        OP_LINE, 1, n, high                                                    \
    }
#define INTA                                                                   \
    {                                                                          \
        OP_INTA, 1, 0, 0                                                       \
    }
#define READ(offset, bytes)                                                    \
    {                                                                          \
        OP_READ, bytes, offset, 0                                              \
    }
#define WRITE(offset, bytes, value)                                            \
    {                                                                          \
        OP_WRITE, bytes, offset, value                                         \
    }
#define PIN(n, high)                                                           \
    {                                                                          \
        OP_PIN, 1, n, high                                                     \
    }

/* Both must give the answers that the row says; counts as a test. */
void duel_witness(struct duel *d, const struct witness *w);

/* One line for a test. */
void duel_say(struct duel *d, bool fine, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- the blocks ---- */

/* Each known difference of the block, then `steps` random operations. */
void pic_duel(struct duel *d, uint64_t steps);
void ioapic_duel(struct duel *d, uint64_t steps);

void pic_witnesses(struct duel *d);
void ioapic_witnesses(struct duel *d);

/* The states before and after an operation, in our model. */
struct pic_change {
    struct pic_pair before, after;
    const struct op *op;
};
struct ioapic_change {
    struct ioapic before, after;
    const struct op *op;
};

/* The first known difference that the operation would set off, or
 * KNOWN_COUNT. */
enum known pic_known(const struct pic_change *c);
enum known ioapic_known(const struct ioapic_change *c);

/* Both sides into one state, lines low; `mode`: ICW4 of both chips. */
void pic_set_up(struct duel *d, uint8_t mode);
void ioapic_set_up(struct duel *d);

#endif
