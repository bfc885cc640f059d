/* Episodes from a seed, what is printed, and the options. */
#include "tests/lockstep/lockstep.h"

#include <assert.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Where the run is, for the message if an assertion of a model ends it. */
static struct {
    const char *name;
    uint64_t seed, episode;
    volatile uint32_t cycle;
} place;

static void aborted(int signal_number)
{
    char text[LOCKSTEP_TEXT_MAX];
    int n = snprintf(text, sizeof(text),
                     "not ok %s: aborted at cycle %" PRIu32
                     " of episode %" PRIu64 ", seed %" PRIu64 "\n",
                     place.name, place.cycle, place.episode, place.seed);

    if (write(STDOUT_FILENO, text, (size_t)n) < 0)
        _exit(1);
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static struct lockstep_op episode_ops[LOCKSTEP_EPISODE * LOCKSTEP_OPS_MAX];

/* Runs the episode while it is being made: the stimulus may look at what the
 * first side showed.  Returns the cycle of a difference. */
static uint32_t run_episode(const struct lockstep_block *b,
                            struct lockstep_stimulus *s, struct rng *r)
{
    uint32_t seen[2][LOCKSTEP_WORDS_MAX] = {{0}};
    size_t bytes = b->words * sizeof(uint32_t);

    s->ops = 0;
    b->setup(r, &s->setup);
    for (int i = 0; i < 2; i++)
        b->side[i].power_up(b->side[i].ctx, &s->setup);
    for (uint32_t n = 0; n < LOCKSTEP_EPISODE; n++) {
        struct lockstep_view v = {r, &s->setup, n, seen[0]};
        struct lockstep_cycle c = {n, 0, s->op + s->ops};

        place.cycle = n;
        memset(s->op + s->ops, 0, LOCKSTEP_OPS_MAX * sizeof(*s->op));
        c.ops = b->stimulate(&v, s->op + s->ops);
        assert(c.ops <= LOCKSTEP_OPS_MAX);
        for (uint32_t i = 0; i < c.ops; i++)
            s->op[s->ops + i].cycle = n;
        s->ops += c.ops;
        for (int i = 0; i < 2; i++) {
            memset(seen[i], 0, bytes);
            b->side[i].cycle(b->side[i].ctx, &c, seen[i]);
        }
        if (memcmp(seen[0], seen[1], bytes))
            return n;
    }
    return LOCKSTEP_SAME;
}

void lockstep_load_text(const struct lockstep_op *op, char *text, size_t bytes)
{
    snprintf(text, bytes, "load %03" PRIx64 " (%" PRIu64 " bytes)", op->address,
             op->extra);
}

void lockstep_store_text(const struct lockstep_op *op, char *text, size_t bytes)
{
    snprintf(text, bytes, "store %03" PRIx64 " (%" PRIu64 " bytes) %" PRIx64,
             op->address, op->extra, op->value);
}

static void print_words(const struct lockstep_block *b,
                        uint32_t seen[2][LOCKSTEP_WORDS_MAX], bool all)
{
    char name[LOCKSTEP_TEXT_MAX];

    for (size_t i = 0; i < b->words; i++) {
        uint32_t first = seen[0][i], second = seen[1][i];

        if (all ? !(first | second) : first == second)
            continue;
        b->word_name(i, name, sizeof(name));
        printf("    %-16s %s %08" PRIx32 "  %s %08" PRIx32 "%s\n", name,
               b->side[0].name, first, b->side[1].name, second,
               first == second ? "" : "  <--");
    }
}

static void print_stimulus(const struct lockstep_block *b,
                           const struct lockstep_stimulus *s)
{
    char text[LOCKSTEP_TEXT_MAX];

    b->setup_text(&s->setup, text, sizeof(text));
    printf("  setup: %s\n", text);
    for (uint32_t i = 0; i < s->ops; i++) {
        b->op_text(&s->op[i], text, sizeof(text));
        printf("    cycle %4" PRIu32 ": %s\n", s->op[i].cycle, text);
    }
}

static void print_difference(const struct lockstep_block *b,
                             struct lockstep_stimulus *s)
{
    uint32_t seen[2][LOCKSTEP_WORDS_MAX] = {{0}};
    uint32_t cycle = lockstep_replay(b, s, seen);

    if (cycle == LOCKSTEP_SAME) {
        printf("  a replay shows no difference: a side keeps state beyond "
               "power-up\n");
        return;
    }
    printf("  differs:\n");
    print_words(b, seen, false);
    printf("  both states (words that are 0 in both are left out):\n");
    print_words(b, seen, true);
    lockstep_shrink(b, s);
    cycle = lockstep_replay(b, s, seen);
    printf("  shrunk to %" PRIu32 " operations; differs at cycle %" PRIu32
           ":\n",
           s->ops, cycle);
    print_stimulus(b, s);
    print_words(b, seen, false);
}

/* A short run, say to repeat one episode, need not meet every rule. */
static bool all_rules_hit(const struct lockstep_block *b,
                          const struct lockstep_options *o)
{
    size_t missed = 0, rarest = 0;

    for (size_t i = 0; i < b->rule_count; i++) {
        if (!b->hits[i])
            printf("  never hit: %s: %s\n", b->rules[i].name,
                   b->rules[i].sentence);
        else if (o->rules)
            printf("  %10" PRIu64 "  %s: %s\n", b->hits[i], b->rules[i].name,
                   b->rules[i].sentence);
        missed += !b->hits[i];
        if (b->hits[i] < b->hits[rarest])
            rarest = i;
    }
    if (missed)
        printf("%s %s: %zu of %zu rules were never hit\n",
               o->cycles < LOCKSTEP_CYCLES ? "  short run of" : "not ok",
               b->name, missed, b->rule_count);
    else if (b->rule_count)
        printf("ok %s: all %zu rules were hit, %s least (%" PRIu64 ")\n",
               b->name, b->rule_count, b->rules[rarest].name, b->hits[rarest]);
    return !missed || o->cycles < LOCKSTEP_CYCLES;
}

bool lockstep_run(const struct lockstep_block *b,
                  const struct lockstep_options *o)
{
    uint64_t episodes = (o->cycles + LOCKSTEP_EPISODE - 1) / LOCKSTEP_EPISODE;
    struct lockstep_stimulus s = {.cycles = LOCKSTEP_EPISODE,
                                  .op = episode_ops};

    assert(b->words <= LOCKSTEP_WORDS_MAX);
    place.name = b->name;
    place.seed = o->seed;
    signal(SIGABRT, aborted);
    memset(b->hits, 0, b->rule_count * sizeof(*b->hits));
    for (uint64_t i = o->first; i < o->first + episodes; i++) {
        struct rng r;
        uint32_t cycle;

        place.episode = i;
        rng_init(&r, o->seed, i);
        cycle = run_episode(b, &s, &r);
        if (cycle == LOCKSTEP_SAME)
            continue;
        printf("not ok %s: %s and %s differ at cycle %" PRIu32
               " of episode %" PRIu64 ", seed %" PRIu64 " (--seed %" PRIu64
               " --first %" PRIu64 ")\n",
               b->name, b->side[0].name, b->side[1].name, cycle, i, o->seed,
               o->seed, i);
        s.cycles = cycle + 1;
        if (!o->brief)
            print_difference(b, &s);
        return false;
    }
    printf("ok %s: %s and %s agree on %zu words in each of %" PRIu64
           " cycles, seed %" PRIu64 "\n",
           b->name, b->side[0].name, b->side[1].name, b->words,
           episodes * LOCKSTEP_EPISODE, o->seed);
    return all_rules_hit(b, o);
}

/* A whole number, or false. */
static bool number(const char *text, uint64_t *value)
{
    char *end;

    if (!text || *text < '0' || *text > '9')
        return false;
    *value = strtoull(text, &end, 0);
    return !*end;
}

static bool read_options(struct lockstep_options *o, char **argv)
{
    for (argv++; *argv; argv++) {
        uint64_t *value = !strcmp(*argv, "--cycles")  ? &o->cycles
                          : !strcmp(*argv, "--seed")  ? &o->seed
                          : !strcmp(*argv, "--first") ? &o->first
                                                      : NULL;

        if (!strcmp(*argv, "--rules"))
            o->rules = true;
        else if (!strcmp(*argv, "--bench"))
            o->bench = true;
        else if (!strcmp(*argv, "--brief"))
            o->brief = true;
        else if (!value || !number(*++argv, value))
            return false;
    }
    return true;
}

static void bench_episode(const struct lockstep_block *b,
                          const struct lockstep_options *o)
{
    struct lockstep_stimulus s = {.cycles = LOCKSTEP_EPISODE,
                                  .op = episode_ops};
    struct rng r;

    rng_init(&r, o->seed, o->first);
    run_episode(b, &s, &r);
    lockstep_bench(b, &s);
}

int lockstep_main(const struct lockstep_block *b, int argc, char **argv)
{
    struct lockstep_options o = {.seed = 1, .cycles = LOCKSTEP_CYCLES};

    if (argc < 1 || !read_options(&o, argv)) {
        fprintf(stderr,
                "usage: %s [--cycles N] [--seed S] [--first EPISODE] "
                "[--rules] [--bench] [--brief]\n",
                b->name);
        return 2;
    }
    if (o.bench) {
        bench_episode(b, &o);
        return 0;
    }
    return lockstep_run(b, &o) ? 0 : 1;
}
