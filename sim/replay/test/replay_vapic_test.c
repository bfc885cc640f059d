/* Recordings of virtual APICs: what is compared, told and refused. */
#include "sim/replay/test/replay_fixture.h"

/* TPR shadow, APIC-access page, register virtualization and virtual-interrupt
 * delivery; VTPR is 20h, vector 61h is requested. */
#define SETUP                                                                  \
    "T 0 ctl 110110 thr 0 vtpr 20 rvi 61 svi 0 eoi 0 0 0 0 pir 0 0 0 0 on 0 "  \
    "irr 0 0 0 2 0 0 0 0 isr 0 0 0 0 0 0 0 0\n"
#define PAGE(vppr, status, irr, isr)                                           \
    "vtpr 20 vppr " vppr " eoi 0 icr 3100310 3000300 st " status               \
    " irr 0 0 0 " irr " 0 0 0 0 isr 0 0 0 " isr " 0 0 0 0 on 0"
#define REQUESTED PAGE("20", "61", "2", "0")
#define TAKEN PAGE("60", "6100", "0", "2")

TEST_F(replayed, virtual_interrupt_is_taken_with_if_1)
{
    play_text(f, "BEGIN vapic seed 1 n 1\n" SETUP
                 "O 7 0 0\nS rv 0 gp 0 taken " REQUESTED
                 "\nO 6 0 0\nS rv 0 gp 0 taken 61 " TAKEN "\nEND\n");
    EXPECT_COUNTS(f, 2, 0, 0);
}

TEST_F(replayed, set_up_without_a_title_is_known_by_its_first_words)
{
    play_text(f, SETUP "O 6 0 0\r\nS rv 0 gp 0 taken 61 " TAKEN);
    EXPECT_COUNTS(f, 1, 0, 0);
}

TEST_F(replayed, exit_behind_an_apic_write_is_an_answer_of_its_own)
{
    play_text(f, "BEGIN vapic\n" SETUP "O 1 f0 1ff\nE 56 qual f0 st 61\n"
                 "S rv 0 gp 0 taken " REQUESTED "\nO 1 30 0\n"
                 "E 44 qual 1030 st 61\nS rv 0 gp 0 taken " REQUESTED "\n");
    EXPECT_COUNTS(f, 4, 0, 0);
}

TEST_F(replayed, first_difference_names_the_value)
{
    play_text(f, "BEGIN vapic\n" SETUP
                 "O 7 0 0\nS rv 0 gp 0 taken " PAGE("30", "61", "2", "0") "\n");
    EXPECT_COUNTS(f, 1, 1, 0);
    EXPECT_EQ(f->result.first.line, 4);
    EXPECT_STREQ(f->result.first.expected, "vppr 30");
    EXPECT_STREQ(f->result.first.got, "vppr 20");
    ASSERT_EQ(f->result.first.earlier_count, 2);
    EXPECT_EQ(f->result.first.earlier[0], 2, "the set-up");
    EXPECT_EQ(f->result.first.earlier[1], 3, "and the operation");
}

TEST_F(replayed, vectors_that_are_taken_are_compared)
{
    play_text(f,
              "BEGIN vapic\n" SETUP "O 6 0 0\nS rv 0 gp 0 taken " TAKEN "\n");
    EXPECT_COUNTS(f, 1, 1, 0);
    EXPECT_STREQ(f->result.first.expected, "taken");
    EXPECT_STREQ(f->result.first.got, "taken 61");
}

TEST_F(replayed, exit_that_only_one_side_has_is_a_difference)
{
    play_text(f, "BEGIN vapic\n" SETUP "O 7 0 0\nE 43 qual 0 st 61\n"
                 "S rv 0 gp 0 taken " REQUESTED "\n");
    EXPECT_COUNTS(f, 2, 2, 0);
    EXPECT_STREQ(f->result.first.expected, "exit 43");
    EXPECT_STREQ(f->result.first.got, "no exit");
    play_text(f, "BEGIN vapic\n" SETUP
                 "O 1 f0 1ff\nS rv 0 gp 0 taken " REQUESTED "\n");
    EXPECT_COUNTS(f, 2, 2, 0);
    EXPECT_STREQ(f->result.first.expected, "no exit");
    EXPECT_STREQ(f->result.first.got, "exit 56");
}

TEST_F(replayed, value_read_does_not_count_after_the_host_skipped_the_read)
{
    play_text(f, "BEGIN vapic\n" SETUP "O 0 90 0\nE 44 qual 90 st 61\n"
                 "S rv 1fee7090 gp 0 taken " REQUESTED "\n");
    EXPECT_COUNTS(f, 2, 0, 0);
    play_text(f, "BEGIN vapic\n" SETUP "O 0 80 0\nS rv 21 gp 0 taken " REQUESTED
                 "\n");
    EXPECT_COUNTS(f, 1, 1, 0);
    EXPECT_STREQ(f->result.first.got, "rv 20");
}

/* The notification vector with delivery, but without posted interrupts. */
TEST_F(replayed, physical_interrupt_exits_before_the_operation)
{
    play_text(f, "BEGIN vapic\n"
                 "T 0 ctl 110110 thr 0 vtpr 20 rvi 0 svi 0 eoi 0 0 0 0 pir 0 "
                 "0 0 0 on 1 irr 0 0 0 0 0 0 0 0 isr 0 0 0 0 0 0 0 0\n"
                 "O 0 80 0\nE 1 qual 0 st 0 info 0\n"
                 "S rv 20 gp 0 taken vtpr 20 vppr 20 eoi 0 icr 3100310 3000300 "
                 "st 0 irr 0 0 0 0 0 0 0 0 isr 0 0 0 0 0 0 0 0 on 1\n"
                 "O 7 0 0\nE 1 qual 0 st 0 info 800000f2\n");
    EXPECT_COUNTS(f, 3, 1, 0);
    EXPECT_EQ(f->result.first.line, 7, "the host has taken it");
    EXPECT_STREQ(f->result.first.expected, "exit 1");
    EXPECT_STREQ(f->result.first.got, "no exit");
}

TEST_F(replayed, failed_entry_ends_the_set_up)
{
    play_text(f, "BEGIN vapic\n"
                 "T 0 ctl 011000 thr 0 vtpr 0 rvi 0 svi 0 eoi 0 0 0 0 pir 0 0 "
                 "0 0 on 0 irr 0 0 0 0 0 0 0 0 isr 0 0 0 0 0 0 0 0\n"
                 "O 7 0 0\nF vmfail err 7\n" SETUP "O 7 0 0\n"
                 "S rv 0 gp 0 taken " REQUESTED "\n");
    EXPECT_COUNTS(f, 2, 0, 0);
    play_text(f, "BEGIN vapic\n" SETUP "O 7 0 0\nF entry reason 33\n");
    EXPECT_COUNTS(f, 1, 1, 0);
    EXPECT_STREQ(f->result.first.expected, "entry reason 33");
    EXPECT_STREQ(f->result.first.got, "no exit");
}

TEST_F(replayed, lines_of_a_marked_operation_need_not_be_as_many)
{
    play_text(f, "BEGIN vapic\n" SETUP "O 0 b0 0\nE 44 qual b0 st 61 ?\n"
                 "S rv 0 gp 0 taken " REQUESTED
                 "\nO 7 0 0\nS rv 0 gp 0 taken " REQUESTED "\n");
    EXPECT_COUNTS(f, 2, 0, 1);
}

static const struct vapic_mistake {
    const char *name, *text, *what;
} vapic_mistakes[] = {
    {"unknown_line", "Q 1\n", "2:1: error: expected T, O, E, S or F"},
    {"operation_without_set_up", "O 7 0 0\n", "2:1: error: expected a set-up"},
    {"answer_without_operation", SETUP "F vmfail err 7\n",
     "3:1: error: expected an operation before it"},
    {"unknown_operation", SETUP "O 8 0 0\n", "from 0 to 7"},
    {"offset_beyond_the_page", SETUP "O 0 1000 0\n", "too large"},
    {"value_of_more_than_32_bits", SETUP "O 1 80 100000000\n",
     "3:8: error: the number is too large"},
    {"flag_that_is_no_bit",
     "T 0 ctl 210110 thr 0 vtpr 20 rvi 61 svi 0 eoi 0 0 "
     "0 0 pir 0 0 0 0 on 0 irr 0 0 0 2 0 0 0 0 isr 0 0 0 0 0 0 0 0\n",
     "six flags"},
    {"line_that_ends_early", SETUP "O 7 0\n", "the line ends too early"},
    {"line_that_goes_on", SETUP "O 7 0 0 0\n", "expected the end of the line"},
    {"other_word", SETUP "O 7 0 0\nE 44 quel 0 st 0\n", "expected 'qual'"},
    {"no_number", SETUP "O 7 0 x\n", "hexadecimal"},
    {"vector_requested_beyond_255",
     "T 0 ctl 110110 thr 0 vtpr 20 rvi 161 svi 0 eoi 0 0 0 0 pir 0 0 0 0 on 0 "
     "irr 0 0 0 2 0 0 0 0 isr 0 0 0 0 0 0 0 0\n",
     "2:34: error: the number is too large"},
    {"word_of_another_set_up", "T 0 ctl 110110 thr 0 ept 1 vtpr 20\n",
     "2:22: error: expected 'vtpr'"},
    {"vector_beyond_255", SETUP "O 7 0 0\nS rv 0 gp 0 taken 100 " TAKEN "\n",
     "too large"},
};

TEST_EACH(replayed_vapic, mistake_is_reported, struct vapic_mistake,
          vapic_mistakes)
{
    struct replayed f = {0};
    char text[1024];

    snprintf(text, sizeof text, "BEGIN vapic\n%s", row->text);
    replayed_setup(&f);
    play_text(&f, text);
    EXPECT_MISTAKE(&f, row->what);
    replayed_teardown(&f);
}

TEST_F(replayed, mistake_in_a_set_up_is_none_of_its_operations)
{
    play_text(f, "BEGIN vapic\nT 0 ctl x\nO 7 0 0\nF vmfail err 7\n");
    EXPECT_MISTAKE(f, "2:9: error: expected a hexadecimal number");
    EXPECT_EQ(f->diag.errors, 1);
}

TEST_F(replayed, offset_and_value_that_mean_nothing_may_be_any)
{
    play_text(f, "BEGIN vapic\n" SETUP "O 5 123456789 123456789\n"
                 "S rv 2 gp 0 taken " REQUESTED "\nO 0 80 123456789\n"
                 "S rv 20 gp 0 taken " REQUESTED "\nO 4 123456789 2\n"
                 "S rv 0 gp 0 taken " REQUESTED "\n");
    EXPECT_COUNTS(f, 3, 0, 0);
}
