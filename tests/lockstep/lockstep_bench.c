/* How many cycles a second each side makes of a busy stimulus. */
#include <stdio.h>
#include <time.h>

#include "tests/lockstep/lockstep.h"

#define REPEATS 100u
#define BATCHES 5u

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void run_side(const struct lockstep_block *b, unsigned side,
                     const struct lockstep_stimulus *s)
{
    uint32_t seen[LOCKSTEP_WORDS_MAX];
    uint32_t next = 0;

    b->side[side].power_up(b->side[side].ctx, &s->setup);
    for (uint32_t n = 0; n < s->cycles; n++) {
        struct lockstep_cycle c = {n, 0, s->op + next};

        while (next + c.ops < s->ops && s->op[next + c.ops].cycle == n)
            c.ops++;
        next += c.ops;
        for (size_t i = 0; i < b->words; i++)
            seen[i] = 0;
        b->side[side].cycle(b->side[side].ctx, &c, seen);
    }
}

void lockstep_bench(const struct lockstep_block *b,
                    const struct lockstep_stimulus *s)
{
    char setup[LOCKSTEP_TEXT_MAX];

    b->setup_text(&s->setup, setup, sizeof setup);
    printf("%s: %s\n", b->name, setup);
    for (unsigned side = 0; side < 2; side++) {
        double best = 1e9;

        for (unsigned i = 0; i < BATCHES; i++) {
            double start = seconds();

            for (unsigned k = 0; k < REPEATS; k++)
                run_side(b, side, s);
            if (seconds() - start < best)
                best = seconds() - start;
        }
        printf("%s %s: %.2f million cycles/s of the processor's time, %.1f "
               "operations in ten cycles, best of %u\n",
               b->name, b->side[side].name, s->cycles * REPEATS / best / 1e6,
               10.0 * s->ops / s->cycles, BATCHES);
    }
}
