/*
 * Recorded answers of independent implementations of a board with two 8259As,
 * played through the 8259As' node and a local APIC's node with LINT0 = ExtINT.
 * Lines that end in "?" are played but not scored.  `OW`/`OR` are port writes
 * and reads, `L` a line's level, `I` one chance to interrupt.  Where a read
 * shows the IRR, only the lines that the recording drives were kept.
 */
#include <stdio.h>
#include <string.h>

#include "tests/pic/board.h"

static const struct recording {
    const char *name;
    const char *path;
} recordings[] = {
    {"pic_101", "tests/recorded/pic-101.txt"},
    {"pic_102", "tests/recorded/pic-102.txt"},
    {"picr_101", "tests/recorded/picr-101.txt"},
    {"picr_102", "tests/recorded/picr-102.txt"},
};

static const uint8_t lines_driven[PIC_CHIPS] = {0xe8, 0x8e};

struct player {
    struct board b;
    const struct recording *recording;
    unsigned line, scored, differences;
};

static uint8_t read_port(struct board *b, unsigned port)
{
    enum pic_chip chip = port < PIC_PORT_SLAVE_COMMAND ? PIC_MASTER : PIC_SLAVE;
    const struct pic *p = &b->pic.pair.chip[chip];
    bool irr = !p->poll && !p->read_isr && !(port & 1);
    uint8_t value = board_in(b, (uint16_t)port);

    return irr ? value & lines_driven[chip] : value;
}

/* Plays one line; the answer to compare, or "" for none. */
static void play(struct player *p, const char *text, char *answer)
{
    unsigned where, value;

    answer[0] = '\0';
    if (text[0] == 'I' && p->b.extint)
        sprintf(answer, "=%02x", board_take_extint(&p->b));
    else if (text[0] == 'I')
        strcpy(answer, "-");
    else if (sscanf(text, "OW %x %x", &where, &value) == 2)
        board_out(&p->b, (uint16_t)where, (uint8_t)value);
    else if (sscanf(text, "OR %x", &where) == 1)
        sprintf(answer, "=%02x", read_port(&p->b, where));
    else if (sscanf(text, "L %u %u", &where, &value) == 2)
        board_line(&p->b, (uint8_t)where, value);
    else
        EXPECT_TRUE(false, "line %u is not understood: %s", p->line, text);
}

static bool is_stimulus_only(const char *text)
{
    return strncmp(text, "OW", 2) == 0 || text[0] == 'L';
}

static void play_line(struct player *p, char *text)
{
    size_t length = strlen(text);
    bool scored = length < 2 || strcmp(text + length - 2, " ?") != 0;
    char answer[16];

    if (!scored)
        text[length - 2] = '\0';
    play(p, text, answer);
    if (!scored || is_stimulus_only(text))
        return;
    p->scored++;
    if (strcmp(answer, strrchr(text, ' ') + 1) && !p->differences++)
        EXPECT_TRUE(false, "%s:%u: \"%s\" gives %s", p->recording->path,
                    p->line, text, answer);
}

TEST_EACH(pic_recorded, answers_are_reproduced, struct recording, recordings)
{
    static struct player player;
    struct player *p = &player;
    FILE *file = fopen(row->path, "r");
    char text[128];

    ASSERT_TRUE(file != NULL, "%s: run from the repository's root", row->path);
    *p = (struct player){.recording = row};
    board_init(&p->b);
    while (fgets(text, sizeof text, file)) {
        p->line++;
        text[strcspn(text, "\r\n")] = '\0';
        if (strncmp(text, "BEGIN", 5) && strcmp(text, "END"))
            play_line(p, text);
    }
    fclose(file);
    EXPECT_EQ(p->differences, 0);
    EXPECT_GT(p->scored, 1300, "the recording is shorter than it should be");
    board_check(&p->b);
}
