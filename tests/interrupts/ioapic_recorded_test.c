/*
 * Recorded answers of an independent implementation, played through one I/O
 * APIC and one local APIC: every scored line must be reproduced.  Lines that
 * end in "?" are played but not scored.  `I` + `W`/`R` are indirect registers,
 * `A` + `W`/`R` the local APIC's, `L` a line, `I` alone one chance to
 * interrupt.
 */
#include <stdio.h>
#include <string.h>

#include "tests/interrupts/ioapic_board.h"

#define TITLE "BEGIN"
#define END "END"

static const struct recording {
    const char *name;
    const char *path;
} recordings[] = {
    {"ioapic_101", "tests/recorded/ioapic-101.txt"},
    {"ioapic_102", "tests/recorded/ioapic-102.txt"},
};

struct player {
    struct ioapic_board f;
    const struct recording *recording;
    unsigned line, scored, differences;
};

static void start(struct player *p)
{
    ioapic_board_setup(&p->f);
    for (unsigned i = 1; i < CPUS; i++) { /* one CPU: the others are off */
        lapic_node_wrmsr(&p->f.cpu[i], LAPIC_MSR_APIC_BASE, LAPIC_BASE_DEFAULT);
    }
}

/* One vector is taken if INTR is up; the handler writes no EOI. */
static void interrupt(struct player *p, char *answer)
{
    int vector = board_take(&p->f, 0);

    if (vector < 0)
        strcpy(answer, "-");
    else
        sprintf(answer, "=%x", (unsigned)vector);
}

/* Plays one line; the answer to compare, or "" for none. */
static void play(struct player *p, const char *text, char *answer)
{
    struct lapic_node *cpu = &p->f.cpu[0];
    unsigned where, value;

    answer[0] = '\0';
    if (sscanf(text, "IW %x %x", &where, &value) == 2)
        board_put(&p->f, 0, where, value);
    else if (sscanf(text, "IR %x", &where) == 1)
        sprintf(answer, "=%x", board_get(&p->f, 0, where));
    else if (sscanf(text, "L %u %u", &where, &value) == 2)
        board_set(&p->f, 0, where, value != 0);
    else if (sscanf(text, "AW %x %x", &where, &value) == 2)
        lapic_node_write(cpu, where, 4, value);
    else if (sscanf(text, "AR %x", &where) == 1)
        sprintf(answer, "=%jx", (uintmax_t)lapic_node_read(cpu, where, 4));
    else if (strncmp(text, "I ", 2) == 0)
        interrupt(p, answer);
    else
        EXPECT_TRUE(false, "line %u is not understood: %s", p->line, text);
    board_settle(&p->f);
}

/* The last word of a line that reads or interrupts. */
static const char *recorded_answer(const char *text)
{
    const char *last = strrchr(text, ' ');
    bool written = text[1] == 'W' || text[0] == 'L';

    return written || !last ? "" : last + 1;
}

static void play_line(struct player *p, char *text)
{
    size_t length = strlen(text);
    bool scored = length < 2 || strcmp(text + length - 2, " ?") != 0;
    char answer[40];

    if (!scored)
        text[length - 2] = '\0';
    play(p, text, answer);
    if (!scored || !answer[0])
        return;
    p->scored++;
    if (strcmp(answer, recorded_answer(text)) && !p->differences++)
        EXPECT_TRUE(false, "%s:%u: \"%s\" gives %s", p->recording->path,
                    p->line, text, answer);
}

TEST_EACH(ioapic_recorded, answers_are_reproduced, struct recording, recordings)
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
    EXPECT_GT(p->scored, 700, "the recording is shorter than it should be");
    EXPECT_GT(p->f.messages, 50, "the lines set off too little");
    ioapic_board_teardown(&p->f);
}
