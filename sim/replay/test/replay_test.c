/* Recordings of one operation a line; what is compared, told and refused. */
#include <stdlib.h>
#include <unistd.h>

#include "sim/replay/test/replay_fixture.h"

static const struct counts_row {
    const char *name, *text;
    uint64_t compared, different, unscored;
} counts_rows[] = {
    {"answers_that_agree_are_compared",
     "BEGIN lapic\nAW 80 20\nAR 80 =20\nI -\nEND\n", 2, 0, 0},
    {"unscored_line_is_played_but_not_compared",
     "BEGIN lapic\nAW 300 40031\nI =77 ?\nAR 110 =20000\n", 1, 0, 1},
    {"start_is_as_the_format_says",
     "BEGIN lapic\nAR 20 =0\nAR 30 =50014\nAR f0 =1ff\n"
     "AR d0 =1000000\nAR 350 =10000\n",
     5, 0, 0},
    {"x2apic_mode_is_entered_at_the_start",
     "BEGIN x2apic\nMR 80d =1\nMR 80e =gp13\nMW 80b 1 =13\n"
     "MW 80b 1 =gp13\nMW 80b 0 =0\nMR 1b =fee00d00\n",
     6, 0, 0},
    {"vector_of_the_8259s_is_taken_through_lint0",
     "BEGIN pic\nAR 350 =700\nOW 20 11\nOW 21 58\nOW 21 4\n"
     "OW 21 1\nOW 21 0\nL 3 1\nOW 20 a\nOR 20 =08\nI =5b\nI -\n",
     4, 0, 0},
    {"irr_of_the_8259s_shows_the_driven_lines_only",
     "BEGIN pic\nOW 20 11\nOW 21 58\nOW 21 4\nOW 21 1\nOW 21 0\n"
     "L 0 1\nL 3 1\nOW 20 a\nOR 20 =08\n",
     1, 0, 0},
    {"line_reaches_the_local_apic_through_the_ioapic",
     "BEGIN ioapic\nIR 1 =170020\nIW 17 0\nIW 16 31\nL 3 1\n"
     "I =31\nIR 16 =31\n",
     3, 0, 0},
    {"message_that_finds_its_irr_bit_set_is_taken",
     "BEGIN ioapic\nIW 17 0\nIW 16 8031\nIW 1b 0\nIW 1a 8031\n"
     "L 3 1\nL 5 1\nIR 16 =c031\nIR 1a =c031\n",
     2, 0, 0},
    {"lines_may_end_as_on_other_systems",
     "BEGIN lapic\r\nAW 80 20\r\nAR 80 =20\r\nEND", 1, 0, 0},
};

TEST_EACH(replayed_counts, are_those_of, struct counts_row, counts_rows)
{
    struct replayed f = {0};

    replayed_setup(&f);
    play_text(&f, row->text);
    EXPECT_COUNTS(&f, row->compared, row->different, row->unscored);
    replayed_teardown(&f);
}

TEST_F(replayed, answer_that_differs_is_told_with_both_values)
{
    play_text(f, "BEGIN lapic\nAW 80 20\nAR 80 =21\nEND\n");
    EXPECT_COUNTS(f, 1, 1, 0);
    EXPECT_EQ(f->result.first.line, 3);
    EXPECT_STREQ(f->result.first.expected, "21");
    EXPECT_STREQ(f->result.first.got, "20");
}

TEST_F(replayed, first_difference_stays_the_first)
{
    play_text(f, "BEGIN lapic\nAR 80 =1\nAR 80 =2\nAR 80 =0\n");
    EXPECT_COUNTS(f, 3, 2, 0);
    EXPECT_EQ(f->result.first.line, 2);
    EXPECT_STREQ(f->result.first.expected, "1");
}

TEST_F(replayed, missing_fault_is_a_difference)
{
    play_text(f, "BEGIN x2apic\nMW 80b 0 =13\n");
    EXPECT_COUNTS(f, 1, 1, 0);
    EXPECT_STREQ(f->result.first.expected, "#GP");
    EXPECT_STREQ(f->result.first.got, "no fault");
}

TEST_F(replayed, earlier_operations_are_those_on_the_vector)
{
    play_text(f, "BEGIN lapic\n"
                 "AW 320 10044\n" /* another register and vector */
                 "AW 300 40031\n" /* this vector */
                 "AW 300 40052\n" /* another one of the same word */
                 "AR 210 =40000\n" /* 52h, but not 31h: differs */);
    EXPECT_COUNTS(f, 1, 1, 0);
    ASSERT_EQ(f->result.first.earlier_count, 1);
    EXPECT_EQ(f->result.first.earlier[0], 3);
}

TEST_F(replayed, earlier_operations_are_the_writes_of_the_register)
{
    play_text(f, "BEGIN lapic\nAW 320 10044\nAW 330 10045\nAR 320 =10044\n"
                 "AW 320 10046\nAR 320 =0\n");
    ASSERT_EQ(f->result.first.earlier_count, 2);
    EXPECT_EQ(f->result.first.earlier[0], 2, "oldest first");
    EXPECT_EQ(f->result.first.earlier[1], 5);
}

TEST_F(replayed, earlier_operations_of_ppr_are_tpr_and_service)
{
    play_text(f, "BEGIN lapic\nAW 80 20\nAW 300 40031\nI =31\nAR a0 =20\n");
    ASSERT_EQ(f->result.first.earlier_count, 2);
    EXPECT_EQ(f->result.first.earlier[0], 2);
    EXPECT_EQ(f->result.first.earlier[1], 4);
}

TEST_F(replayed, earlier_operations_of_an_entry_are_its_pin_and_vector)
{
    play_text(f, "BEGIN ioapic\nIW 18 10099\nIW 16 31\nL 3 1\nL 5 1\nI =32\n");
    ASSERT_EQ(f->result.first.earlier_count, 2);
    EXPECT_EQ(f->result.first.earlier[0], 3);
    EXPECT_EQ(f->result.first.earlier[1], 4);
}

TEST_F(replayed, only_the_last_ten_earlier_operations_are_told)
{
    char text[1024] = "BEGIN lapic\n";

    for (int i = 0; i < 30; i++)
        strcat(text, "AW 80 20\n");
    strcat(text, "AR 80 =0\n");
    play_text(f, text);
    ASSERT_EQ(f->result.first.earlier_count, REPLAY_EARLIER);
    EXPECT_EQ(f->result.first.earlier[0], 22);
}

TEST_F(replayed, every_mistake_has_its_line_and_column)
{
    play_text(f, "BEGIN lapic\nAW 80\nAR 8g =0\nAR 80 20\nQQ 1\nI 5\n"
                 "AW 1000 0\nL 24 1\nAR 80 =0 0\nOW 70 1\n");
    EXPECT_MISTAKE(f, "text:2:6: error: the line ends too early");
    EXPECT_MISTAKE(f, "text:3:4: error: expected a hexadecimal number");
    EXPECT_MISTAKE(f, "text:4:7: error");
    EXPECT_MISTAKE(f, "text:5:1: error: expected AW,");
    EXPECT_MISTAKE(f, "text:6:3: error");
    EXPECT_MISTAKE(f, "text:7:4: error: the number is too large");
    EXPECT_MISTAKE(f, "text:8:3: error: the number is too large");
    EXPECT_MISTAKE(f, "text:9:10: error: expected the end of the line");
    EXPECT_MISTAKE(f, "text:10:4: error: expected port");
}

TEST_F(replayed, other_files_are_refused)
{
    play_text(f, "title: A scenario\n");
    EXPECT_MISTAKE(f, "not a recording of a kind that is known");
    play_text(f, "");
    EXPECT_MISTAKE(f, "not a recording");
    play_file(f, "tests/recorded/none.txt");
    EXPECT_MISTAKE(f, "tests/recorded/none.txt: error: cannot read");
}

TEST_F(replayed, packed_file_that_is_cut_off_is_refused)
{
    FILE *whole = fopen("tests/recorded/boot-linux61-xapic-2cpu.txt.xz", "rb");
    char path[] = P_tmpdir "/virqsim-replay-XXXXXX";
    int part = mkstemp(path);
    char start[5000];

    ASSERT_TRUE(whole && part >= 0);
    EXPECT_EQ(fread(start, 1, sizeof start, whole), sizeof start);
    EXPECT_EQ(write(part, start, sizeof start), sizeof start);
    fclose(whole);
    close(part);
    play_file(f, path);
    EXPECT_MISTAKE(f, "error: the packed file ends too early");
    remove(path);
}
