/* Recordings of a whole machine, in both forms. */
#include "sim/replay/test/replay_fixture.h"

/* Both local APICs on, timer vector 31h with divider 1; CPU 1's logical ID 2;
 * line 4 to CPU 0's vector 41h. */
#define ON                                                                     \
    "1 0.000001 t1 W cpu0 lapic 0xfee000f0 4 0x1ff\n"                          \
    "2 0.000002 t2 W cpu1 lapic 0xfee000f0 4 0x1ff\n"
#define TIMERS                                                                 \
    "3 0.000003 t1 W cpu0 lapic 0xfee003e0 4 0xb\n"                            \
    "4 0.000003 t2 W cpu1 lapic 0xfee003e0 4 0xb\n"                            \
    "5 0.000003 t1 W cpu0 lapic 0xfee00320 4 0x31\n"                           \
    "6 0.000003 t2 W cpu1 lapic 0xfee00320 4 0x32\n"
#define PIN4                                                                   \
    "7 0.000004 t1 W cpu0 ioapic 0xfec00000 4 0x18\n"                          \
    "8 0.000004 t1 W cpu0 ioapic 0xfec00010 4 0x41\n"

TEST_F(replayed, before_the_first_register_access_only_levels_count)
{
    play_text(f, "1 0.000001 t0 L ioapic 0 1\n"
                 "2 0.000001 t0 M cpu-1 0xfee00000 0x0\n"
                 "3 0.000001 t0 D 0 0 0 0 0\n"
                 "4 0.000002 t1 R cpu0 lapic 0xfee000f0 4 0xff\n"
                 "5 0.000003 t1 W cpu0 ioapic 0xfec00000 4 0x14\n"
                 "6 0.000004 t1 W cpu0 ioapic 0xfec00010 4 0x8021\n"
                 "7 0.000004 t1 M cpu0 0xfee00000 0x8021\n");
    EXPECT_COUNTS(f, 2, 0, 1);
}

TEST_F(replayed, message_of_the_ioapic_is_compared_without_bit_14)
{
    play_text(f, ON PIN4 "9 0.000005 t0 L gsi 4 1\n"
                         "10 0.000005 t0 L pic 1 4 1\n"
                         "11 0.000005 t0 V 3 0\n"
                         "12 0.000005 t0 L ioapic 4 1\n"
                         "13 0.000005 t0 M cpu-1 0xfee00000 0x4041\n"
                         "14 0.000005 t0 D 0 0 0 65 0\n"
                         "15 0.000006 t1 A 0x41\n");
    EXPECT_COUNTS(f, 2, 0, 0);
}

TEST_F(replayed, message_with_another_vector_is_a_difference)
{
    play_text(f, ON PIN4 "12 0.000005 t0 L ioapic 4 1\n"
                         "13 0.000005 t0 M cpu-1 0xfee00000 0x42\n");
    EXPECT_COUNTS(f, 1, 1, 0);
    EXPECT_STREQ(f->result.first.expected, "fee00000 42");
    EXPECT_STREQ(f->result.first.got, "fee00000 41");
}

TEST_F(replayed, message_that_is_not_sent_is_a_difference)
{
    play_text(f, ON "12 0.000005 t0 L ioapic 4 1\n"
                    "13 0.000005 t0 M cpu-1 0xfee00000 0x41\n");
    EXPECT_COUNTS(f, 1, 1, 0);
    EXPECT_STREQ(f->result.first.got, "none");
}

TEST_F(replayed, message_that_is_not_recorded_is_a_difference)
{
    play_text(f, ON PIN4 "12 0.000005 t0 L ioapic 4 1\n"
                         "13 0.000006 t1 R cpu0 lapic 0xfee00220 4 0x2\n");
    EXPECT_COUNTS(f, 2, 1, 0);
    EXPECT_EQ(f->result.first.line, 5, "its cause");
    EXPECT_STREQ(f->result.first.expected, "none");
    EXPECT_STREQ(f->result.first.got, "fee00000 41");
}

TEST_F(replayed, message_without_a_cause_is_another_devices)
{
    play_text(f, ON "3 0.000005 t0 M cpu-1 0xfee01000 0x41\n"
                    "4 0.000006 t2 R cpu1 lapic 0xfee00220 4 0x2\n");
    EXPECT_COUNTS(f, 1, 0, 1);
}

TEST_F(replayed, isa_line_0_is_pin_2)
{
    play_text(f, ON "7 0.000004 t1 W cpu0 ioapic 0xfec00000 4 0x14\n"
                    "8 0.000004 t1 W cpu0 ioapic 0xfec00010 4 0x30\n"
                    "9 0.000005 t0 L ioapic 0 1\n"
                    "10 0.000005 t0 M cpu-1 0xfee00000 0x30\n");
    EXPECT_COUNTS(f, 1, 0, 0);
}

TEST_F(replayed, timer_with_the_earliest_deadline_expires)
{
    play_text(f, ON TIMERS "7 0.000010 t1 W cpu0 lapic 0xfee00380 4 9000\n"
                           "8 0.000011 t2 W cpu1 lapic 0xfee00380 4 7000\n"
                           "9 0.000030 t0 V 0 0\n"
                           "10 0.000031 t2 R cpu1 lapic 0xfee00210 4 0x40000\n"
                           "11 0.000031 t1 R cpu0 lapic 0xfee00210 4 0\n"
                           "12 0.000032 t0 V 0 0\n"
                           "13 0.000033 t1 R cpu0 lapic 0xfee00210 4 0x20000\n"
                           "14 0.000034 t1 R cpu0 lapic 0xfee00390 4 77\n");
    EXPECT_COUNTS(f, 3, 0, 1);
}

TEST_F(replayed, timer_that_expires_is_one_that_fits_what_follows)
{
    play_text(f, ON TIMERS "7 0.000010 t1 W cpu0 lapic 0xfee00380 4 9000\n"
                           "8 0.000011 t2 W cpu1 lapic 0xfee00380 4 7000\n"
                           "9 0.000030 t0 V 0 0\n"
                           "10 0.000031 t1 A 0x31\n"
                           "11 0.000032 t0 V 0 0\n"
                           "12 0.000033 t2 A 0x32\n");
    EXPECT_COUNTS(f, 2, 0, 0);
}

TEST_F(replayed, timer_that_is_not_due_does_not_expire_before_one_that_is)
{
    play_text(f, ON TIMERS "7 0.000010 t1 W cpu0 lapic 0xfee00380 4 90000\n"
                           "8 0.000011 t2 W cpu1 lapic 0xfee00380 4 7000\n"
                           "9 0.000030 t0 V 0 0\n"
                           "10 0.000031 t1 A 0x31\n");
    EXPECT_COUNTS(f, 1, 1, 0);
}

/* Vector 55h to both CPUs. */
#define BOTH "3 0.000003 t1 W cpu0 lapic 0xfee00300 4 0x80055\n"

TEST_F(replayed, vector_that_both_could_take_is_that_of_the_next_eoi)
{
    play_text(f, ON BOTH "4 0.000004 t1 A 0x55\n"
                         "5 0.000005 t2 R cpu1 lapic 0xfee00120 4 0x200000\n"
                         "6 0.000005 t1 R cpu0 lapic 0xfee00120 4 0\n"
                         "7 0.000006 t2 W cpu1 lapic 0xfee000b0 4 0\n"
                         "8 0.000007 t1 A 0x55\n"
                         "9 0.000008 t1 R cpu0 lapic 0xfee00120 4 0x200000\n");
    EXPECT_COUNTS(f, 5, 0, 0);
}

/* CPU 1 takes its first 55h before CPU 0 does, but ends it later; a second one
 * reaches it in between. */
TEST_F(replayed, vector_goes_to_whichever_cpu_fits_what_follows)
{
    play_text(f, ON BOTH "4 0.000004 t1 A 0x55\n"
                         "5 0.000005 t1 W cpu0 lapic 0xfee00310 4 0x1000000\n"
                         "6 0.000005 t1 W cpu0 lapic 0xfee00300 4 0x55\n"
                         "7 0.000006 t2 A 0x55\n"
                         "8 0.000007 t1 W cpu0 lapic 0xfee000b0 4 0\n"
                         "9 0.000008 t2 W cpu1 lapic 0xfee000b0 4 0\n"
                         "10 0.000009 t2 A 0x55\n"
                         "11 0.000010 t2 A 0x55\n");
    EXPECT_COUNTS(f, 4, 1, 0);
    EXPECT_EQ(f->result.first.line, 11, "and no CPU fits the fourth");
}

TEST_F(replayed, vector_that_no_cpu_could_take_is_a_difference)
{
    play_text(f, ON BOTH "4 0.000004 t1 A 0x56\n");
    EXPECT_COUNTS(f, 1, 1, 0);
    EXPECT_STREQ(f->result.first.expected, "56");
    EXPECT_STREQ(f->result.first.got, "55");
}

TEST_F(replayed, vector_taken_when_nothing_is_eligible_is_the_spurious_one)
{
    play_text(f, ON "3 0.000003 t1 W cpu0 lapic 0xfee000f0 4 0x1ef\n"
                    "4 0.000004 t1 A 0xef\n"
                    "5 0.000005 t1 R cpu0 lapic 0xfee00170 4 0\n"
                    "6 0.000006 t1 A 0xee\n");
    EXPECT_COUNTS(f, 3, 1, 0);
    EXPECT_EQ(f->result.first.line, 6);
}

TEST_F(replayed, init_resets_the_other_cpus_local_apic)
{
    play_text(f, ON "3 0.000003 t1 W cpu0 lapic 0xfee00300 4 0xc4500\n"
                    "4 0.000004 t2 R cpu1 lapic 0xfee000f0 4 0xff\n"
                    "5 0.000004 t1 R cpu0 lapic 0xfee000f0 4 0x1ff\n");
    EXPECT_COUNTS(f, 2, 0, 0);
}

/* IMR and vectors of the master, its INT through LINT0 of CPU 0. */
#define MASTER                                                                 \
    "3 0.000003 t1 W cpu0 lapic 0xfee00350 4 0x700\n"                          \
    "3 0.000003 t1 W cpu0 pic 0x20 1 0x11\n"                                   \
    "4 0.000003 t1 W cpu0 pic 0x21 1 0x8\n"                                    \
    "5 0.000003 t1 W cpu0 pic 0x21 1 0x4\n"                                    \
    "6 0.000003 t1 W cpu0 pic 0x21 1 0x1\n"                                    \
    "7 0.000003 t1 W cpu0 pic 0x21 1 0xef\n"

TEST_F(replayed, inta_cycle_and_its_vector_are_compared)
{
    play_text(f, ON MASTER "8 0.000004 t0 L pic 1 4 1\n"
                           "9 0.000005 t1 P 4 12\n"
                           "10 0.000005 t1 A 0x0c\n"
                           "11 0.000006 t1 W cpu0 pic 0x20 1 0xb\n"
                           "12 0.000006 t1 R cpu0 pic 0x20 1 0x10\n");
    EXPECT_COUNTS(f, 3, 0, 0);
}

TEST_F(replayed, unscored_inta_cycle_is_not_played)
{
    play_text(f, ON MASTER "8 0.000004 t0 L pic 1 4 1\n"
                           "9 0.000005 t1 P 4 12 ?\n"
                           "10 0.000005 t1 A 0x0c ?\n"
                           "11 0.000006 t1 W cpu0 pic 0x20 1 0xb\n"
                           "12 0.000006 t1 R cpu0 pic 0x20 1 0\n");
    EXPECT_COUNTS(f, 1, 0, 2);
}

TEST_F(replayed, inta_cycle_of_a_line_that_fell_breaks_a_rule_of_the_page)
{
    play_text(f, ON MASTER "8 0.000004 t0 L pic 1 4 1\n"
                           "9 0.000004 t0 L pic 1 4 0\n"
                           "10 0.000005 t1 P 4 12\n"
                           "11 0.000005 t1 A 0x0c\n"
                           "12 0.000006 t1 R cpu0 pic 0x20 1 0x10\n");
    EXPECT_COUNTS(f, 0, 0, 3);
    EXPECT_EQ(f->result.excepted[REPLAY_EDGE_REQUEST_STAYS], 3);
}

/* The slave's INT stays until it is acknowledged. */
TEST_F(replayed, spurious_vector_for_a_line_that_fell_breaks_a_rule_too)
{
#define SLAVE                                                                  \
    "7 0.000003 t1 W cpu0 pic 0x21 1 0x0\n"                                    \
    "7 0.000003 t1 W cpu0 pic 0xa0 1 0x11\n"                                   \
    "7 0.000003 t1 W cpu0 pic 0xa1 1 0x70\n"                                   \
    "7 0.000003 t1 W cpu0 pic 0xa1 1 0x2\n"                                    \
    "7 0.000003 t1 W cpu0 pic 0xa1 1 0x1\n"                                    \
    "7 0.000003 t1 W cpu0 pic 0xa1 1 0x0\n"                                    \
    "8 0.000004 t0 L pic 0 1 1\n"
    play_text(f, ON MASTER SLAVE "9 0.000004 t0 L pic 0 1 0\n"
                                 "10 0.000005 t1 P 9 113\n"
                                 "11 0.000005 t1 A 0x71\n");
    EXPECT_COUNTS(f, 0, 0, 2);
    play_text(f, ON MASTER SLAVE "10 0.000005 t1 P 9 119\n");
    EXPECT_COUNTS(f, 1, 1, 0);
}

TEST_F(replayed, request_that_the_recording_lacks_is_a_difference)
{
    play_text(f, ON MASTER "8 0.000004 t0 L pic 1 4 1\n"
                           "12 0.000006 t1 R cpu0 pic 0x20 1 0\n");
    EXPECT_COUNTS(f, 1, 1, 0);
}

TEST_F(replayed, request_of_a_line_that_is_high_breaks_no_rule)
{
    play_text(f, ON MASTER "8 0.000004 t0 L pic 1 4 1\n"
                           "9 0.000005 t1 P 4 12\n"
                           "10 0.000005 t1 A 0x0c\n"
                           "12 0.000006 t1 R cpu0 pic 0x20 1 0x10\n");
    EXPECT_COUNTS(f, 3, 1, 0);
}

/* LINT0 is edge-triggered here, and the 8259 ends its interrupts itself. */
TEST_F(replayed, acknowledge_gives_lint0_another_edge)
{
    play_text(f, ON "3 0.000003 t1 W cpu0 lapic 0xfee00350 4 0x41\n"
                    "3 0.000003 t1 W cpu0 pic 0x20 1 0x11\n"
                    "4 0.000003 t1 W cpu0 pic 0x21 1 0x8\n"
                    "5 0.000003 t1 W cpu0 pic 0x21 1 0x4\n"
                    "6 0.000003 t1 W cpu0 pic 0x21 1 0x3\n"
                    "7 0.000003 t1 W cpu0 pic 0x21 1 0xcf\n"
                    "8 0.000004 t0 L pic 1 4 1\n"
                    "9 0.000004 t0 L pic 1 5 1\n"
                    "10 0.000005 t1 A 0x41\n"
                    "11 0.000006 t1 R cpu0 lapic 0xfee00220 4 0\n"
                    "12 0.000007 t1 W cpu0 pic 0x20 1 0xc\n"
                    "13 0.000007 t1 R cpu0 pic 0x20 1 0x84\n"
                    "14 0.000008 t1 R cpu0 lapic 0xfee00220 4 0x2\n");
    EXPECT_COUNTS(f, 4, 0, 0);
}

TEST_F(replayed, lvt_entry_unmasked_without_a_disable_is_a_difference)
{
    play_text(f, "1 0.000003 t1 R cpu0 lapic 0xfee00350 4 0\n");
    EXPECT_COUNTS(f, 1, 1, 0);
}

TEST_F(replayed, lvt_entry_left_unmasked_by_a_disable_breaks_a_rule)
{
    play_text(f, ON "3 0.000003 t1 W cpu0 lapic 0xfee00350 4 0x8700\n"
                    "4 0.000003 t1 W cpu0 lapic 0xfee000f0 4 0xff\n"
                    "5 0.000003 t1 R cpu0 lapic 0xfee00350 4 0x8700\n");
    EXPECT_COUNTS(f, 0, 0, 1);
    EXPECT_EQ(f->result.excepted[REPLAY_DISABLE_MASKS_LVT], 1);
}

TEST_F(replayed, x2apic_accesses_are_those_of_the_threads_cpu)
{
    play_text(f, ON "3 0.000003 t2 B base 0xfee00c00\n"
                    "4 0.000004 t2 r regs x2 0x02 4 0x1\n"
                    "5 0.000005 t2 w regs x2 0x08 4 0x20\n"
                    "6 0.000006 t2 r regs x2 0x08 4 0x20\n"
                    "7 0.000006 t1 R cpu0 lapic 0xfee00080 4 0\n");
    EXPECT_COUNTS(f, 3, 0, 0);
}

TEST_F(replayed, access_told_twice_is_played_once)
{
    play_text(f, "1 0.000001 t1 r regs x2/mmio 0x0f 4 0xff\n"
                 "2 0.000001 t1 R cpu0 lapic 0xfee000f0 4 0xff\n"
                 "3 0.000002 t1 W cpu0 lapic 0xfee000b0 4 0x0\n"
                 "4 0.000002 t1 w regs x2/mmio 0x0b 4 0x0\n");
    EXPECT_COUNTS(f, 1, 0, 0);
}

TEST_F(replayed, access_of_another_register_or_thread_is_another_access)
{
    play_text(f, ON "3 0.000003 t2 B base 0xfee00c00\n"
                    "4 0.000004 t1 W cpu0 lapic 0xfee00080 4 0x20\n"
                    "5 0.000004 t2 w regs x2/mmio 0x08 4 0x20\n"
                    "6 0.000005 t2 r regs x2/mmio 0x08 4 0x20\n"
                    "7 0.000005 t1 R cpu0 lapic 0xfee00080 4 0x20\n");
    EXPECT_COUNTS(f, 2, 0, 0);
    play_text(f, "1 0.000001 t1 R cpu1 lapic 0xfee000f0 4 0xff\n"
                 "2 0.000002 t1 W cpu0 lapic 0xfee000b0 4 0x0\n"
                 "3 0.000003 t1 B base 0xfee00d00\n"
                 "4 0.000004 t1 r regs x2/mmio 0x0a 4 0x0\n"
                 "5 0.000005 t1 R cpu1 lapic 0xfee00080 4 0\n");
    EXPECT_COUNTS(f, 3, 0, 0);
}

TEST_F(replayed, page_read_in_x2apic_mode_breaks_a_rule)
{
    play_text(f, ON "3 0.000003 t1 B base 0xfee00d00\n"
                    "4 0.000004 t1 R cpu0 lapic 0xfee000d0 4 0x1\n");
    EXPECT_COUNTS(f, 0, 0, 1);
    EXPECT_EQ(f->result.excepted[REPLAY_X2APIC_HAS_NO_PAGE], 1);
}

/* Pin 4's entry in remappable format with index 3; the unit has a table. */
#define REMAPS                                                                 \
    "3 0.000003 t1 W cpu0 vtd 0xfed90018 4 0x1000000\n"                        \
    "4 0.000003 t1 W cpu0 vtd 0xfed90018 4 0x2000000\n"                        \
    "5 0.000003 t1 W cpu0 ioapic 0xfec00000 4 0x18\n"                          \
    "6 0.000003 t1 W cpu0 ioapic 0xfec00010 4 0x4\n"                           \
    "7 0.000003 t1 W cpu0 ioapic 0xfec00000 4 0x19\n"                          \
    "8 0.000003 t1 W cpu0 ioapic 0xfec00010 4 0x70000\n"                       \
    "9 0.000004 t0 L ioapic 4 1\n"

TEST_F(replayed, remapped_message_arrives_as_the_recording_says)
{
    play_text(f, ON REMAPS "10 0.000004 t0 M cpu-1 0xfee00070 0x4\n"
                           "11 0.000004 t0 D 1 0 0 65 0\n"
                           "12 0.000006 t2 R cpu1 lapic 0xfee00220 4 0x2\n"
                           "13 0.000006 t1 R cpu0 lapic 0xfee00220 4 0\n");
    EXPECT_COUNTS(f, 3, 0, 0);
}

TEST_F(replayed, remappable_messages_may_all_be_missing)
{
    play_text(f, ON REMAPS "11 0.000004 t0 D 1 0 0 65 0\n"
                           "12 0.000006 t2 R cpu1 lapic 0xfee00220 4 0x2\n");
    EXPECT_COUNTS(f, 1, 0, 0);
    play_text(f, ON REMAPS "11 0.000004 t0 D 1 0 0 65 0\n"
                           "12 0.000005 t0 L ioapic 4 0\n"
                           "13 0.000006 t0 L ioapic 4 1\n"
                           "14 0.000006 t0 M cpu-1 0xfee00070 0x4\n");
    EXPECT_COUNTS(f, 2, 1, 0);
}

TEST_F(replayed, remappers_registers_are_compared_but_for_what_it_can_do)
{
    play_text(f, "1 0.000001 t1 R cpu0 vtd 0xfed90008 8 0xd2008c22260206\n"
                 "2 0.000001 t1 R cpu0 vtd 0xfed90010 8 0xf00f4a\n"
                 "3 0.000001 t1 R cpu0 vtd 0xfed90064 4 0x5\n"
                 "4 0.000002 t1 W cpu0 vtd 0xfed90018 4 0x4000000\n"
                 "5 0.000002 t1 R cpu0 vtd 0xfed9001c 4 0x4000000\n"
                 "6 0.000003 t1 W cpu0 vtd 0xfed90088 4 0x40\n"
                 "7 0.000003 t1 R cpu0 vtd 0xfed90080 4 0x40\n"
                 "8 0.000003 t1 R cpu0 vtd 0xfed90034 4 0x10\n");
    EXPECT_COUNTS(f, 3, 1, 3);
    EXPECT_EQ(f->result.first.line, 8);
}

TEST_F(replayed, thread_without_a_memory_access_has_a_cpu_of_its_own)
{
    play_text(f, "1 0.000001 t1 W cpu0 lapic 0xfee000f0 4 0x1ff\n"
                 "2 0.000003 t2 B base 0xfee00c00\n"
                 "3 0.000004 t2 r regs x2 0x02 4 0x1\n");
    EXPECT_COUNTS(f, 1, 0, 0);
}

TEST_F(replayed, qemus_log_is_read_as_it_is)
{
    play_text(
        f,
        "7@5.000001:memory_region_ops_write cpu 0 mr 0x5 addr 0xfee000f0 value "
        "0x1ff size 4 name 'apic-msi'\n"
        "7@5.000001:apic_register_write register 0x0f = 0x1ff\n"
        "RAX=0000000000000000 RBX=0000000000000000\n"
        "7@5.000002:memory_region_ops_write cpu 0 mr 0x5 addr 0x70 value 0x8f "
        "size 1 name 'rtc-index'\n"
        "7@5.000003:memory_region_ops_write cpu 0 mr 0x6 addr 0xfec00000 value "
        "0x18 size 4 name 'ioapic'\n"
        "7@5.000003:memory_region_ops_write cpu 0 mr 0x6 addr 0xfec00010 value "
        "0x41 size 4 name 'ioapic'\n"
        "7@5.000004:ioapic_set_irq vector: 4 level: 1\n"
        "7@5.000004:memory_region_ops_write cpu -1 mr 0x5 addr 0xfee00000 "
        "value 0x41 size 4 name 'apic-msi'\n"
        "Servicing hardware INT=0x41\n"
        "7@5.000005:apic_register_read register 0x12 = 0x2\n"
        "7@5.000005:memory_region_ops_read cpu 0 mr 0x5 addr 0xfee00120 value "
        "0x2 size 4 name 'apic-msi'\n"
        "7@5.000006:cpu_set_apic_base 0x00000000fee00d00\n"
        "7@5.000007:apic_register_read register 0x12 = 0x2\n");
    EXPECT_COUNTS(f, 4, 0, 0);
}

TEST_F(replayed, qemus_remapper_takes_messages_and_passes_them_on)
{
    play_text(
        f,
        "7@5.000001:memory_region_ops_write cpu 0 mr 0x5 addr 0xfee000f0 value "
        "0x1ff size 4 name 'apic-msi'\n"
        "7@5.000002:memory_region_ops_write cpu 0 mr 0x6 addr 0xfed90018 value "
        "0x2000000 size 4 name 'intel_iommu'\n"
        "7@5.000003:memory_region_ops_read cpu 0 mr 0x6 addr 0xfed9001c value "
        "0x2000000 size 4 name 'intel_iommu'\n"
        "7@5.000003:memory_region_ops_write cpu 0 mr 0x6 addr 0xfec00000 value "
        "0x19 size 4 name 'ioapic'\n"
        "7@5.000003:memory_region_ops_write cpu 0 mr 0x6 addr 0xfec00010 value "
        "0x30000 size 4 name 'ioapic'\n"
        "7@5.000003:memory_region_ops_write cpu 0 mr 0x6 addr 0xfec00000 value "
        "0x18 size 4 name 'ioapic'\n"
        "7@5.000003:memory_region_ops_write cpu 0 mr 0x6 addr 0xfec00010 value "
        "0x4 size 4 name 'ioapic'\n"
        "7@5.000004:ioapic_set_irq vector: 4 level: 1\n"
        "7@5.000004:memory_region_ops_write cpu -1 mr 0x5 addr 0xfee00030 "
        "value 0x4 size 4 name 'vtd-ir'\n"
        "7@5.000004:apic_deliver_irq dest 0 dest_mode 0 delivery_mode 0 vector "
        "65 trigger_mode 0\n"
        "Servicing hardware INT=0x41\n");
    EXPECT_COUNTS(f, 3, 0, 0);
}

TEST_F(replayed, every_mistake_of_a_machine_has_its_line_and_column)
{
    play_text(f, "1 0.000001 t1 W cpu0 lapic 0xfee000f0 4 0x1ff\n"
                 "2 0.1 t1 W cpu0 lapic 0xfee000f0 4 0x1ff\n"
                 "3 0.000001 t1 Q 1\n"
                 "4 0.000001 t1 W cpu0 disk 0xfee000f0 4 0x1ff\n"
                 "5 0.000001 t1 D 0 0 8 0 0\n"
                 "6 0.000001 t1 A\n"
                 "7 0.000001 t1 L pic 1 9 1\n"
                 "8 0.000001\n");
    EXPECT_MISTAKE(f, "text:2:3: error: expected seconds");
    EXPECT_MISTAKE(f, "text:3:15: error: expected R, W,");
    EXPECT_MISTAKE(f, "text:4:22: error: expected lapic,");
    EXPECT_MISTAKE(f, "text:5:21: error: the number is too large");
    EXPECT_MISTAKE(f, "text:6:16: error: the line ends too early");
    EXPECT_MISTAKE(f, "text:7:23: error: the number is too large");
    EXPECT_MISTAKE(f, "text:8:11: error: the line ends too early");
}

TEST_F(replayed, line_of_very_many_words_is_a_mistake)
{
    char text[1024] = "1 0.000001 t1 L gsi";

    for (int i = 0; i < 300; i++)
        strcat(text, " 1");
    play_text(f, text);
    EXPECT_MISTAKE(f, "text:1:25: error: expected the end of the line");
}
