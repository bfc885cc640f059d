/* A walk over vmcs_fields.def and exit_reasons.def. */
#include <string.h>

#include "models/cpu/test/cpu_rig.h"

static const struct field_row {
    const char *name;
    enum vmcs_field field;
    uint32_t encoding;
    bool writable;
} field_rows[] = {
#define VMCS_FIELD(name, encoding, writable, title)                            \
    {#name, VMCS_##name, encoding, writable},
#include "models/cpu/vmcs_fields.def"
#undef VMCS_FIELD
};

enum { TYPE_CONTROL, TYPE_READ_ONLY, TYPE_GUEST, TYPE_HOST };
enum { WIDTH_16, WIDTH_64, WIDTH_32, WIDTH_NATURAL };

static unsigned type_of(const struct field_row *row)
{
    return row->encoding >> 10 & 3;
}

static unsigned width_of(const struct field_row *row)
{
    return row->encoding >> 13 & 3;
}

static bool begins(const struct field_row *row, const char *with)
{
    return strncmp(row->name, with, strlen(with)) == 0;
}

TEST_EACH(vmcs_field, encoding_is_full_access_and_has_no_reserved_bit,
          struct field_row, field_rows)
{
    EXPECT_EQ(row->encoding & ~0x6ffeu, 0);
}

TEST_EACH(vmcs_field, encoding_names_one_field, struct field_row, field_rows)
{
    EXPECT_EQ(vmcs_encoding(row->field), row->encoding);
    EXPECT_EQ(vmcs_field_of(row->encoding), row->field);
    EXPECT_EQ(vmcs_field_of(row->encoding | 1),
              width_of(row) == WIDTH_64 ? row->field : VMCS_FIELD_COUNT,
              "only 64-bit fields have a high half");
    EXPECT_EQ(vmcs_field_of(row->encoding | 1u << 12), VMCS_FIELD_COUNT);
    EXPECT_EQ(vmcs_field_of(row->encoding | 1u << 15), VMCS_FIELD_COUNT);
}

TEST_EACH(vmcs_field, is_read_only_exactly_if_its_type_says_so,
          struct field_row, field_rows)
{
    EXPECT_EQ(vmcs_field_writable(row->field), type_of(row) != TYPE_READ_ONLY);
}

TEST_EACH(vmcs_field, type_agrees_with_its_name, struct field_row, field_rows)
{
    bool address = begins(row, "GUEST_PHYSICAL") || begins(row, "GUEST_LINEAR");
    bool shadow = begins(row, "GUEST_DEADLINE_SHADOW");
    bool guest = (begins(row, "GUEST_") && !address && !shadow) ||
                 begins(row, "LINK_") || begins(row, "PREEMPTION_");
    bool exit_info = begins(row, "EXIT_") && !begins(row, "EXIT_CONTROLS") &&
                     !begins(row, "EXIT_MSR_");

    EXPECT_EQ(type_of(row) == TYPE_GUEST, guest);
    EXPECT_EQ(type_of(row) == TYPE_HOST, begins(row, "HOST_"));
    EXPECT_EQ(type_of(row) == TYPE_READ_ONLY,
              exit_info || address || begins(row, "IDT_VECTORING") ||
                  begins(row, "INSTRUCTION_ERROR"));
}

TEST_EACH(vmcs_field, vmread_gives_what_vmwrite_wrote_in_its_width,
          struct field_row, field_rows)
{
    static const uint64_t masks[] = {
        [WIDTH_16] = 0xffff,
        [WIDTH_64] = UINT64_MAX,
        [WIDTH_32] = 0xffffffff,
        [WIDTH_NATURAL] = UINT64_MAX,
    };
    uint64_t value = UINT64_C(0xfedcba9876543210);
    struct rig r = {0};

    if (!row->writable)
        return;
    rig_init(&r);
    r.cpu.gpr[RAX] = value;
    rig_op(&r, OP_VMWRITE, row->encoding);
    EXPECT_FALSE(r.cpu.vm_fail);
    r.cpu.gpr[RAX] = 0;
    rig_op(&r, OP_VMREAD, row->encoding);
    EXPECT_EQ(r.cpu.gpr[RAX], value & masks[width_of(row)]);
}

TEST_EACH(vmcs_field, vmwrite_to_a_read_only_one_fails_with_error_13,
          struct field_row, field_rows)
{
    struct rig r = {0};
    uint64_t before;

    if (row->writable)
        return;
    rig_init(&r);
    before = rig_get(&r, row->field);
    r.cpu.gpr[RAX] = 0x77;
    rig_op(&r, OP_VMWRITE, row->encoding);
    EXPECT_TRUE(r.cpu.vm_fail);
    EXPECT_EQ(rig_get(&r, VMCS_INSTRUCTION_ERROR), VMERR_READ_ONLY_FIELD);
    if (row->field != VMCS_INSTRUCTION_ERROR)
        EXPECT_EQ(rig_get(&r, row->field), before);
}

TEST(vmcs, high_half_of_a_64_bit_field_is_read_and_written_alone)
{
    struct rig r = {0};

    rig_init(&r);
    vmcs_set(&r.vmcs, VMCS_VIRTUAL_APIC_ADDRESS, UINT64_C(0x1111222233334444));
    rig_op(&r, OP_VMREAD, 0x2013);
    EXPECT_EQ(r.cpu.gpr[RAX], 0x11112222);
    r.cpu.gpr[RAX] = UINT64_C(0x9999555566667777);
    rig_op(&r, OP_VMWRITE, 0x2013);
    EXPECT_EQ(rig_get(&r, VMCS_VIRTUAL_APIC_ADDRESS),
              UINT64_C(0x6666777733334444));
}

TEST(vmcs, unsupported_field_fails_with_error_12)
{
    static const uint64_t encodings[] = {0x4813, 0x7ffe, 0x12012};

    for (unsigned i = 0; i < 3; i++) {
        struct rig r = {0};

        rig_init(&r);
        r.cpu.gpr[RAX] = 0x77;
        rig_op(&r, OP_VMREAD, encodings[i]);
        EXPECT_EQ(r.cpu.vm_fail, VM_FAIL_VALID);
        EXPECT_EQ(r.cpu.gpr[RAX], 0x77, "unchanged");
        rig_op(&r, OP_VMWRITE, encodings[i]);
        EXPECT_EQ(r.cpu.vm_fail, VM_FAIL_VALID);
        EXPECT_EQ(rig_get(&r, VMCS_INSTRUCTION_ERROR), VMERR_UNSUPPORTED_FIELD);
    }
}

/* The encodings of the page, by name. */
static const struct encoding_row {
    const char *name;
    uint32_t encoding;
    enum vmcs_field field;
} encoding_rows[] = {
    {"vpid", 0x0000, VMCS_VPID},
    {"notification_vector", 0x0002, VMCS_NOTIFICATION_VECTOR},
    {"last_pid_pointer_index", 0x0008, VMCS_LAST_PID_POINTER_INDEX},
    {"virtual_timer_vector", 0x000a, VMCS_VIRTUAL_TIMER_VECTOR},
    {"guest_interrupt_status", 0x0810, VMCS_GUEST_INTERRUPT_STATUS},
    {"virtual_apic_address", 0x2012, VMCS_VIRTUAL_APIC_ADDRESS},
    {"apic_access_address", 0x2014, VMCS_APIC_ACCESS_ADDRESS},
    {"posted_descriptor", 0x2016, VMCS_POSTED_DESCRIPTOR_ADDRESS},
    {"eoi_exit_bitmap_0", 0x201c, VMCS_EOI_EXIT_BITMAP_0},
    {"eoi_exit_bitmap_3", 0x2022, VMCS_EOI_EXIT_BITMAP_3},
    {"tertiary_controls", 0x2034, VMCS_TERTIARY_CONTROLS},
    {"pid_pointer_table", 0x2042, VMCS_PID_POINTER_TABLE_ADDRESS},
    {"guest_deadline_shadow", 0x204e, VMCS_GUEST_DEADLINE_SHADOW},
    {"guest_deadline", 0x2830, VMCS_GUEST_DEADLINE},
    {"tpr_threshold", 0x401c, VMCS_TPR_THRESHOLD},
    {"secondary_controls", 0x401e, VMCS_SECONDARY_CONTROLS},
    {"ple_gap", 0x4020, VMCS_PLE_GAP},
    {"ple_window", 0x4022, VMCS_PLE_WINDOW},
    {"idt_vectoring", 0x4408, VMCS_IDT_VECTORING_INFO},
    {"interruptibility", 0x4824, VMCS_GUEST_INTERRUPTIBILITY},
    {"activity", 0x4826, VMCS_GUEST_ACTIVITY},
    {"preemption_timer", 0x482e, VMCS_PREEMPTION_TIMER_VALUE},
    {"qualification", 0x6400, VMCS_EXIT_QUALIFICATION},
    {"pending_debug", 0x6822, VMCS_GUEST_PENDING_DEBUG},
};

TEST_EACH(vmcs_encoding, is_the_manuals, struct encoding_row, encoding_rows)
{
    EXPECT_EQ(vmcs_field_of(row->encoding), row->field);
}

/* As the manual numbers them: the table itself is what is tested. */
static const struct sdm_row {
    const char *name;
    unsigned number;
} sdm_rows[] = {
    {"EXCEPTION_NMI", 0},
    {"EXTERNAL_INTERRUPT", 1},
    {"TRIPLE_FAULT", 2},
    {"INIT_SIGNAL", 3},
    {"SIPI", 4},
    {"INTERRUPT_WINDOW", 7},
    {"NMI_WINDOW", 8},
    {"TASK_SWITCH", 9},
    {"CPUID", 10},
    {"HLT", 12},
    {"VMCALL", 18},
    {"CR_ACCESS", 28},
    {"MSR_READ", 31},
    {"MSR_WRITE", 32},
    {"INVALID_GUEST_STATE", 33},
    {"MSR_LOADING", 34},
    {"MWAIT", 36},
    {"MONITOR_TRAP_FLAG", 37},
    {"MONITOR", 39},
    {"PAUSE", 40},
    {"MACHINE_CHECK", 41},
    {"TPR_BELOW_THRESHOLD", 43},
    {"APIC_ACCESS", 44},
    {"EOI_INDUCED", 45},
    {"GDTR_IDTR", 46},
    {"EPT_VIOLATION", 48},
    {"EPT_MISCONFIG", 49},
    {"PREEMPTION_TIMER", 52},
    {"XSETBV", 55},
    {"APIC_WRITE", 56},
    {"UMWAIT", 67},
    {"TPAUSE", 68},
};

TEST_EACH(exit_reason, has_its_number, struct sdm_row, sdm_rows)
{
    EXPECT_STREQ(exit_reason_name(row->number), row->name);
}

TEST(vmcs, new_one_passes_the_checks)
{
    struct rig r = {0};

    rig_init(&r);
    EXPECT_EQ(rig_launch(&r), VMERR_NONE);
    EXPECT_TRUE(r.vmcs.launched);
    vmcs_init(&r.vmcs);
    EXPECT_FALSE(r.vmcs.launched);
}

static const struct reason_row {
    const char *name;
    unsigned number;
} reason_rows[] = {
#define EXIT_REASON(name, number, sentence) {#name, number},
#include "models/cpu/exit_reasons.def"
#undef EXIT_REASON
};

TEST_EACH(exit_reason, has_its_name, struct reason_row, reason_rows)
{
    ASSERT_LT(row->number, EXIT_REASON_LIMIT);
    EXPECT_STREQ(exit_reason_name(row->number), row->name);
}

TEST(exit_reasons, that_are_unused_have_no_name)
{
    EXPECT_STREQ(exit_reason_name(63), NULL);
    EXPECT_STREQ(exit_reason_name(EXIT_REASON_LIMIT), NULL);
}
