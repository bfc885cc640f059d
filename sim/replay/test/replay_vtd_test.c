/* Recordings of interrupt remapping; what is compared, told and refused. */
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

static const struct vtd_mistake {
    const char *name, *text, *what;
} vtd_mistakes[] = {
    {"entry_beyond_the_table", "0 irte[64]=0:0 " TO_0 "drop\n",
     "1:3: error: expected irte[0 .. 63]"},
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
