/* Recordings of interrupt remapping; what is compared, told and refused. */
#include <stdlib.h>

#include "sim/replay/test/replay_fixture.h"

#define PRESENT_31 "0:0000050000310001" /* to APIC 5, edge, fixed */
#define TO_0 "eime 0 msi fee00010 0 -> "

TEST_F(replayed, remapped_message_has_the_fields_of_the_entry)
{
    play_text(f, "0 irte[0]=" PRESENT_31 " " TO_0 "msi 31 0 0 0 5\n");
    EXPECT_COUNTS(f, 1, 0, 0);
}

TEST_F(replayed, each_field_of_a_remapped_message_is_compared)
{
    play_text(f, "0 irte[0]=" PRESENT_31 " " TO_0 "msi 32 0 0 0 5\n"
                 "1 irte[0]=" PRESENT_31 " " TO_0 "msi 31 1 0 0 5\n"
                 "2 irte[0]=" PRESENT_31 " " TO_0 "msi 31 0 1 0 5\n"
                 "3 irte[0]=" PRESENT_31 " " TO_0 "msi 31 0 0 1 5\n"
                 "4 irte[0]=" PRESENT_31 " " TO_0 "msi 31 0 0 0 6\n");
    EXPECT_COUNTS(f, 5, 5, 0);
    EXPECT_STREQ(f->result.first.expected, "msi 32 0 0 0 5");
    EXPECT_STREQ(f->result.first.got, "msi 31 0 0 0 5");
}

TEST_F(replayed, fault_is_told_with_its_index)
{
    play_text(f, "0 irte[9]=0:0 eime 0 msi fee00130 0 -> fault 22 9\n"
                 "1 irte[9]=0:0 eime 0 msi fee00810 0 -> fault 21 40\n"
                 "2 irte[9]=0:0 eime 0 msi fee00130 0 -> fault 22 8\n");
    EXPECT_COUNTS(f, 3, 1, 0);
    EXPECT_EQ(f->result.first.line, 3);
    EXPECT_STREQ(f->result.first.got, "fault 22 9");
}

TEST_F(replayed, fault_without_record_is_a_drop)
{
    play_text(f, "0 irte[0]=0:2 " TO_0 "drop\n");
    EXPECT_COUNTS(f, 1, 0, 0);
}

TEST_F(replayed, line_that_wrote_the_entry_led_to_the_difference)
{
    play_text(f, "0 irte[0]=" PRESENT_31 " " TO_0 "msi 31 0 0 0 5\n"
                 "1 irte[7]=0:0 " TO_0 "msi 32 0 0 0 5\n");
    EXPECT_COUNTS(f, 2, 1, 0);
    ASSERT_EQ(f->result.first.earlier_count, 1);
    EXPECT_EQ(f->result.first.earlier[0], 1);
}

TEST_F(replayed, change_of_eime_sets_the_table_pointer_anew)
{
    play_text(f, "0 irte[0]=0:0000000500310001 eime 1 msi fee00010 0 -> "
                 "msi 31 0 0 0 5\n"
                 "1 irte[1]=0:0 " TO_0 "fault 24 0\n");
    EXPECT_COUNTS(f, 2, 0, 0);
}

TEST_F(replayed, unscored_line_still_writes_its_entry)
{
    play_text(f, "0 irte[0]=" PRESENT_31 " " TO_0 "drop ?\n"
                 "1 irte[1]=0:0 " TO_0 "msi 31 0 0 0 5\n");
    EXPECT_COUNTS(f, 1, 0, 1);
}

/* ---- what the format allows, each once ---- */

#define LEVEL_LOGICAL_32 "0:0000050000320015" /* DM, TM */

static const struct vtd_answer {
    const char *name, *line;
} vtd_answers[] = {
    {"entry_in_capitals_without_leading_zeros",
     "0 irte[0]=0:50000C10001 eime 0 msi FEE00010 0 -> msi C1 0 0 0 05"},
    {"level_and_logical",
     "0 irte[0]=" LEVEL_LOGICAL_32 " " TO_0 "msi 32 0 1 1 5"},
    {"lowest_priority", "0 irte[0]=0:0000050000310029 " TO_0 "msi 31 1 0 0 5"},
    {"nmi", "0 irte[0]=0:0000050000000081 " TO_0 "msi 0 4 0 0 5"},
    {"extint", "0 irte[0]=0:00000500000000e1 " TO_0 "msi 0 7 0 0 5"},
    {"last_entry", "0 irte[63]=" PRESENT_31 " eime 0 msi fee007f0 0 -> "
                   "msi 31 0 0 0 5"},
    {"destination_of_32_bits",
     "0 irte[1]=0:8000010000310001 eime 1 msi fee00030 0 -> "
     "msi 31 0 0 0 80000100"},
    {"subhandle_is_added", "0 irte[8]=" PRESENT_31 " eime 0 msi fee000b8 3 -> "
                           "msi 31 0 0 0 5"},
    {"data_without_subhandle_is_ignored",
     "0 irte[5]=" PRESENT_31 " eime 0 msi fee000b0 ffffffff -> "
     "msi 31 0 0 0 5"},
    {"address_bits_1_and_0_are_ignored",
     "0 irte[5]=" PRESENT_31 " eime 0 msi fee000b3 0 -> msi 31 0 0 0 5"},
    {"handle_bit_15", "0 irte[5]=" PRESENT_31 " eime 0 msi fee000b4 0 -> "
                      "fault 21 8005"},
    {"sum_of_17_bits",
     "0 irte[0]=" PRESENT_31 " eime 0 msi feeffffc 1 -> fault 21 0"},
    {"data_31_to_16_with_subhandle",
     "0 irte[5]=" PRESENT_31 " eime 0 msi fee000b8 10000 -> fault 20 0"},
    {"compatibility_format",
     "0 irte[5]=" PRESENT_31 " eime 0 msi fee00000 31 -> fault 25 0"},
    {"source_checked",
     "0 irte[0]=0000000000040018:0000050000310001 " TO_0 "msi 31 0 0 0 5"},
    {"source_refused",
     "0 irte[0]=0000000000040019:0000050000310001 " TO_0 "fault 26 0"},
    {"function_ignored",
     "0 irte[0]=000000000007001d:0000050000310001 " TO_0 "msi 31 0 0 0 5"},
    {"bus_in_range",
     "0 irte[0]=0000000000080001:0000050000310001 " TO_0 "msi 31 0 0 0 5"},
    {"bus_above_range",
     "0 irte[0]=0000000000080100:0000050000310001 " TO_0 "fault 26 0"},
    {"reserved_source_validation",
     "0 irte[0]=00000000000c0018:0000050000310001 " TO_0 "fault 26 0"},
    {"reserved_before_source",
     "0 irte[0]=0000000000140019:0000050000310001 " TO_0 "fault 24 0"},
    {"posted_format", "0 irte[0]=0:0000000000318001 " TO_0 "fault 24 0"},
    {"reserved_delivery_mode",
     "0 irte[0]=0:0000050000310061 " TO_0 "fault 24 0"},
    {"destination_bit_39_to_32",
     "0 irte[0]=0:0000000500310001 " TO_0 "fault 24 0"},
    {"refused_source_without_record",
     "0 irte[0]=0000000000040019:0000050000310003 " TO_0 "drop"},
    {"invalid_without_record", "0 irte[0]=0:0000000000318003 " TO_0 "drop"},
    {"index_beyond_table_is_always_recorded",
     "0 irte[0]=0:2 eime 0 msi fee00810 0 -> fault 21 40"},
};

TEST_EACH(replayed_vtd, answer_is_reproduced, struct vtd_answer, vtd_answers)
{
    struct replayed f = {0};
    char text[160];

    replayed_setup(&f);
    snprintf(text, sizeof text, "%s\n", row->line);
    play_text(&f, text);
    EXPECT_COUNTS(&f, 1, 0, 0);
    replayed_teardown(&f);
}

/* The entry that the request names, not the one that the line writes. */
TEST_F(replayed, request_may_name_another_entry)
{
    play_text(f, "0 irte[3]=" PRESENT_31 " eime 0 msi fee00070 0 -> "
                 "msi 31 0 0 0 5\n"
                 "1 irte[4]=0:0 eime 0 msi fee00070 0 -> msi 31 0 0 0 5\n"
                 "2 irte[3]=0:0 eime 0 msi fee00070 0 -> fault 22 3\n"
                 "3 irte[5]=0:0 eime 0 msi fee00090 0 -> fault 22 4\n");
    EXPECT_COUNTS(f, 4, 0, 0);
}

/* One record: each fault is read and cleared before the next one. */
TEST_F(replayed, each_fault_has_its_record)
{
    play_text(f, "0 irte[3]=0:0 eime 0 msi fee00070 0 -> fault 22 3\n"
                 "1 irte[4]=0:2 eime 0 msi fee00090 0 -> drop\n"
                 "2 irte[5]=0:61 eime 0 msi fee000b0 0 -> fault 24 5\n");
    EXPECT_COUNTS(f, 3, 0, 0);
}

/* To APIC 256, whose bits 39:32 are reserved as long as EIME is 0. */
TEST_F(replayed, entries_stay_when_eime_changes)
{
    const char *const line = "%u irte[%u]=%s eime %u msi fee00030 0 -> %s\n";
    char text[512];
    size_t used = 0;

    for (unsigned i = 0; i < 4; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, line, i,
                                 i ? 2 : 1, i ? "0:0" : "0:0000010000310001",
                                 !(i % 2),
                                 i % 2 ? "msi 31 0 0 0 1" : "msi 31 0 0 0 100");
    play_text(f, text);
    EXPECT_COUNTS(f, 4, 0, 0);
}

/* More than a queue of invalidations. */
TEST_F(replayed, queue_goes_round)
{
    enum { LINES = 600, BYTES = 80 };
    char *text = malloc(LINES * BYTES);
    size_t used = 0;

    for (unsigned i = 0; i < LINES; i++)
        used += (size_t)snprintf(text + used, BYTES,
                                 "%u irte[1]=0:0000050000%02x0001 eime 0 msi "
                                 "fee00030 0 -> msi %x 0 0 0 5\n",
                                 i, 0x20 + i % 200, 0x20 + i % 200);
    play_text(f, text);
    EXPECT_COUNTS(f, LINES, 0, 0);
    free(text);
}

static const struct vtd_mistake {
    const char *name, *text, *what;
} vtd_mistakes[] = {
    {"entry_beyond_the_table", "0 irte[64]=0:0 " TO_0 "drop\n",
     "1:3: error: expected irte[0 .. 63]"},
    {"entry_with_a_sign", "0 irte[1]=-1:0 " TO_0 "drop\n", "expected irte["},
    {"entry_of_17_digits", "0 irte[1]=0:00000000000000000 " TO_0 "drop\n",
     "expected irte["},
    {"entry_without_low_half", "0 irte[1]=0 " TO_0 "drop\n", "expected irte["},
    {"line_that_ends_early", "0 irte[1]=0:0 eime 0 msi fee00010 0 ->\n",
     "expected k irte[i]"},
    {"eime_that_is_no_bit", "0 irte[1]=0:0 eime 2 msi fee00010 0 -> drop\n",
     "too large"},
    {"fault_without_index", "0 irte[1]=0:0 " TO_0 "fault 22\n",
     "expected msi v m t d dest"},
    {"drop_with_a_number", "0 irte[1]=0:0 " TO_0 "drop 2\n",
     "expected msi v m t d dest"},
    {"data_that_is_no_number", "0 irte[1]=0:0 eime 0 msi fee00010 q -> drop\n",
     "hexadecimal"},
};

TEST_EACH(replayed_vtd, mistake_is_reported, struct vtd_mistake, vtd_mistakes)
{
    struct replayed f = {0};

    replayed_setup(&f);
    play_text(&f, row->text);
    EXPECT_MISTAKE(&f, row->what);
    replayed_teardown(&f);
}
