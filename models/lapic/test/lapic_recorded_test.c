/*
 * Recorded answers of independent implementations, played through the node:
 * every scored line must be reproduced.  Lines that end in "?" are played but
 * not scored.  `A` is the xAPIC page, `M` MSRs, `I` one chance to interrupt.
 */
#include <stdio.h>
#include <string.h>

#include "models/lapic/test/node_fixture.h"

#define TITLE "BEGIN"
#define END "END"

static const struct recording {
    const char *name;
    const char *path;
    bool x2apic;
} recordings[] = {
    {"xapic_101", "tests/recorded/lapic-101.txt", false},
    {"xapic_102", "tests/recorded/lapic-102.txt", false},
    {"x2apic_101", "tests/recorded/x2apic-101.txt", true},
    {"x2apic_102", "tests/recorded/x2apic-102.txt", true},
};

struct player {
    struct lapic_nodes f;
    const struct recording *recording;
    unsigned line, scored, differences;
};

/* Everything that was set off settles before the next line. */
static void settle(struct lapic_nodes *f)
{
    run_to(f, engine_now(&f->engine) + SIM_NS);
}

static void start(struct player *p)
{
    struct lapic_nodes *f = &p->f;

    lapic_nodes_setup(f);
    f->node[1].lapic.base = LAPIC_BASE_DEFAULT; /* one CPU: this one is off */
    f->node[1].lapic.svr = 0xff;
    put(f, LAPIC_LDR, 0x01000000);
    if (p->recording->x2apic)
        EXPECT_TRUE(lapic_node_wrmsr(&f->node[0], LAPIC_MSR_APIC_BASE,
                                     LAPIC_BASE_DEFAULT | LAPIC_BASE_EN |
                                         LAPIC_BASE_EXTD | LAPIC_BASE_BSP));
}

/* One vector is taken if INTR is up; the handler writes no EOI.  "-" or the
 * vector. */
static void interrupt(struct player *p, char *answer)
{
    if (p->f.intr[0])
        sprintf(answer, "=%x", take_interrupt(&p->f).vector);
    else
        strcpy(answer, "-");
}

static void read_msr(struct player *p, unsigned msr, char *answer)
{
    uint64_t value;

    if (lapic_node_rdmsr(&p->f.node[0], msr, &value))
        sprintf(answer, "=%jx", (uintmax_t)value);
    else
        strcpy(answer, "=gp13");
}

/* Plays one line; the answer to compare, or "" for none. */
static void play(struct player *p, const char *text, char *answer)
{
    struct lapic_node *n = &p->f.node[0];
    unsigned where;
    unsigned long long value;

    answer[0] = '\0';
    if (text[0] == 'I')
        interrupt(p, answer);
    else if (sscanf(text, "AW %x %llx", &where, &value) == 2)
        lapic_node_write(n, where, 4, value);
    else if (sscanf(text, "AR %x", &where) == 1)
        sprintf(answer, "=%jx", (uintmax_t)lapic_node_read(n, where, 4));
    else if (sscanf(text, "MW %x %llx", &where, &value) == 2)
        strcpy(answer, lapic_node_wrmsr(n, where, value) ? "=0" : "=13");
    else if (sscanf(text, "MR %x", &where) == 1)
        read_msr(p, where, answer);
    else
        EXPECT_TRUE(false, "line %u is not understood: %s", p->line, text);
    settle(&p->f);
}

/* The last word of a scored line; "" for a line without answer. */
static const char *recorded_answer(char *text)
{
    char *last = strrchr(text, ' ');

    if (strncmp(text, "AW", 2) == 0 || !last)
        return "";
    return last + 1;
}

static void play_line(struct player *p, char *text)
{
    size_t length = strlen(text);
    char answer[40];
    bool scored;

    scored = length < 2 || strcmp(text + length - 2, " ?") != 0;
    if (!scored)
        text[length - 2] = '\0';
    play(p, text, answer);
    if (!scored)
        return;
    p->scored++;
    if (strcmp(answer, recorded_answer(text)) && !p->differences++)
        EXPECT_TRUE(false, "%s:%u: \"%s\" gives %s", p->recording->path,
                    p->line, text, answer);
}

TEST_EACH(lapic_recorded, answers_are_reproduced, struct recording, recordings)
{
    static struct player player;
    struct player *p = &player;
    FILE *file = fopen(row->path, "r");
    char text[128];

    ASSERT_TRUE(file != NULL, "%s: run from the repository's root", row->path);
    *p = (struct player){.recording = row};
    start(p);
    while (fgets(text, sizeof text, file)) {
        p->line++;
        text[strcspn(text, "\r\n")] = '\0';
        if (strncmp(text, TITLE, strlen(TITLE)) && strcmp(text, END))
            play_line(p, text);
    }
    fclose(file);
    EXPECT_EQ(p->differences, 0);
    EXPECT_GT(p->scored, 4000, "the recording is shorter than it should be");
    lapic_nodes_teardown(&p->f);
}
