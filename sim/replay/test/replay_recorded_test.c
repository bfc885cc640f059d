/*
 * Recorded answers of independent implementations: every scored one must be
 * reproduced, and none may go missing on the way.
 */
#include "sim/replay/test/replay_fixture.h"

#define BOOT "tests/recorded/boot-linux61-xapic-2cpu"

static const struct recorded {
    const char *name, *path;
    unsigned compared, unscored, excepted;
} recordings[] = {
    {"lapic_101", "tests/recorded/lapic-101.txt", 2607, 101, 0},
    {"lapic_102", "tests/recorded/lapic-102.txt", 2691, 96, 0},
    {"x2apic_101", "tests/recorded/x2apic-101.txt", 4879, 111, 0},
    {"x2apic_102", "tests/recorded/x2apic-102.txt", 4895, 113, 0},
    {"pic_101", "tests/recorded/pic-101.txt", 1820, 25, 0},
    {"pic_102", "tests/recorded/pic-102.txt", 1872, 29, 0},
    {"picr_101", "tests/recorded/picr-101.txt", 1644, 204, 0},
    {"picr_102", "tests/recorded/picr-102.txt", 1558, 381, 0},
    {"ioapic_101", "tests/recorded/ioapic-101.txt", 826, 300, 0},
    {"ioapic_102", "tests/recorded/ioapic-102.txt", 888, 283, 0},
    {"vapic_11", "tests/recorded/vapic-11.txt", 3661, 17, 0},
    {"vtd_11", "tests/recorded/vtd-11.txt", 1776, 224, 0},
    {"boot", BOOT ".txt.xz", 1768, 39, 0},
    {"boot_as_qemu_logs_it", BOOT ".raw.log.xz", 2394, 43, 15},
    {"boot_with_remapping_and_x2apic",
     "tests/recorded/boot-linux61-x2apic-vtd-2cpu.raw.log.xz", 2005, 56, 24},
    {"boot_on_four_cpus", "tests/recorded/boot-linux61-xapic-4cpu.raw.log.xz",
     3743, 41, 13},
};

TEST_EACH(recordings, are_reproduced, struct recorded, recordings)
{
    struct replayed f = {0};
    uint64_t excepted = 0;

    replayed_setup(&f);
    play_file(&f, row->path);
    EXPECT_COUNTS(&f, row->compared, 0, row->unscored);
    EXPECT_EQ(f.result.first.line, 0, "expected %s, got %s",
              f.result.first.expected, f.result.first.got);
    for (int e = 0; e < REPLAY_EXCEPTIONS; e++)
        excepted += f.result.excepted[e];
    EXPECT_EQ(excepted, row->excepted);
    replayed_teardown(&f);
}
