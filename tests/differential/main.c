/*
 * The 8259As, the I/O APIC and the VT-d unit beside QEMU's, operation by
 * operation.
 *
 * Prints "ok" and "not ok" lines; its status is 1 if there is one of the
 * latter.  README.md says more.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/differential/duel.h"
#include "tests/differential/vtd_duel.h"

/* Setting up included, and what is looked at after a step. */
#define REQUESTS_PER_STEP 100u
#define REQUESTS_BESIDES 100000u

struct options {
    uint64_t steps, seed;
};

static const struct {
    const char *name;
    uint64_t stream;
    void (*run)(struct duel *d, uint64_t steps);
} blocks[] = {
    {"8259A", 1, pic_duel},
    {"I/O APIC", 2, ioapic_duel},
};

static int usage(void)
{
    fprintf(stderr, "usage: differential [--steps N] [--seed S]\n");
    return 2;
}

static bool number(const char *text, uint64_t *value)
{
    char *end;

    errno = 0;
    *value = strtoull(text, &end, 0);
    return *text >= '0' && *text <= '9' && !*end && !errno;
}

static bool read_options(struct options *o, char **arg)
{
    for (; arg[0]; arg += 2) {
        bool steps = !strcmp(arg[0], "--steps");

        if ((!steps && strcmp(arg[0], "--seed")) || !arg[1] ||
            !number(arg[1], steps ? &o->steps : &o->seed))
            return false;
    }
    return true;
}

/* How much a run has seen. */
static void sum_up(const struct duel *d)
{
    uint64_t avoided = 0;

    for (unsigned i = 0; i < KNOWN_COUNT; i++)
        avoided += d->avoided[i];
    printf("# %s: %" PRIu64 " answers compared, %" PRIu64
           " of them messages, %" PRIu64 " INTA cycles\n",
           d->block, d->answers, d->messages, d->vectors);
    printf("# %s: %" PRIu64 " draws avoided a known difference, %" PRIu64
           " requests to QEMU\n",
           d->block, avoided, d->qemu.requests);
}

/* The number of failed tests. */
static unsigned run(unsigned block, const char *qemu, const struct options *o)
{
    static struct duel d;

    d = (struct duel){.block = blocks[block].name, .seed = o->seed};
    rng_init(&d.rng, o->seed, blocks[block].stream);
    board_init(&d.board);
    qemu_start(&d.qemu, qemu, NULL,
               o->steps * REQUESTS_PER_STEP + REQUESTS_BESIDES);
    blocks[block].run(&d, o->steps);
    sum_up(&d);
    qemu_stop(&d.qemu);
    return d.failed;
}

/* The environment's QEMU10, or what tools/install-qemu10.sh puts beside this
 * program. */
static const char *new_qemu(const char *program)
{
    static char path[4096];
    const char *name = getenv("QEMU10"), *end = strrchr(program, '/');

    if (name)
        return access(name, X_OK) ? NULL : name;
    snprintf(path, sizeof path, "%.*s/qemu10/usr/bin/qemu-system-x86_64",
             end ? (int)(end - program) : 1, end ? program : ".");
    return access(path, X_OK) ? NULL : path;
}

static unsigned run_new(const char *program, const struct options *o)
{
    const char *qemu = new_qemu(program);

    if (qemu)
        return vtd_duel(qemu, VTD_NEW, o->seed, o->steps);
    printf("ok - VT-d, QEMU 10: random operations agree # SKIP QEMU 10 is not "
           "installed (tools/install-qemu10.sh)\n");
    return 0;
}

int main(int argc, char **argv)
{
    struct options o = {.steps = 5000, .seed = 1};
    const char *qemu = qemu_find();
    unsigned failed = 0;

    (void)argc;
    if (!read_options(&o, argv + 1))
        return usage();
    if (!qemu) {
        printf("1..0 # SKIP QEMU is not installed (qemu-system-x86_64)\n");
        return 0;
    }
    for (unsigned i = 0; i < sizeof blocks / sizeof blocks[0]; i++)
        failed += run(i, qemu, &o);
    failed += vtd_duel(qemu, VTD_OLD, o.seed, o.steps);
    failed += run_new(argv[0], &o);
    return failed != 0;
}
