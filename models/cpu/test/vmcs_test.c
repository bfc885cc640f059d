/* A walk over vmcs_fields.def and exit_reasons.def. */
#include <string.h>

#include "models/cpu/test/cpu_rig.h"

static const struct field_row {
    const char *name;
    enum vmcs_field field;
    uint32_t encoding, control;
} field_rows[] = {
#define VMCS_FIELD(name, encoding, msr, control, title)                        \
    {#name, VMCS_##name, encoding, control},
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

    if (type_of(row) == TYPE_READ_ONLY)
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

    if (type_of(row) != TYPE_READ_ONLY)
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

TEST_EACH(vmcs_field, comes_with_its_control, struct field_row, field_rows)
{
    struct rig r = {0};
    bool exists;

    rig_init(&r);
    rig_op(&r, OP_VMREAD, row->encoding);
    EXPECT_EQ(r.cpu.vm_fail, VM_SUCCEED);
    r.cpu.vmx = vmx_capabilities_of((struct vmx_features){0}, 0);
    exists = row->control == 0 || row->control == PRIMARY_MSR_BITMAPS ||
             row->control == PRIMARY_IO_BITMAPS;
    rig_op(&r, OP_VMREAD, row->encoding);
    EXPECT_EQ(r.cpu.vm_fail, exists ? VM_SUCCEED : VM_FAIL_VALID);
    if (!exists)
        EXPECT_EQ(rig_get(&r, VMCS_INSTRUCTION_ERROR), VMERR_UNSUPPORTED_FIELD);
}

/* A processor that has one feature alone has its fields. */
static const struct companion_row {
    const char *name;
    struct vmx_features has;
    uint32_t encoding;
} companion_rows[] = {
    {"vpid", {.vpid = true}, 0x0000},
    {"notification_vector", {.posted_interrupts = true}, 0x0002},
    {"descriptor", {.posted_interrupts = true}, 0x2016},
    {"last_pid_pointer_index", {.ipi_virtualization = true}, 0x0008},
    {"pid_pointer_table", {.ipi_virtualization = true}, 0x2042},
    {"tertiary_controls", {.ipi_virtualization = true}, 0x2034},
    {"virtual_timer_vector", {.apic_timer_virtualization = true}, 0x000a},
    {"guest_deadline", {.apic_timer_virtualization = true}, 0x2830},
    {"guest_deadline_shadow", {.apic_timer_virtualization = true}, 0x204e},
    {"interrupt_status", {.virtual_interrupt_delivery = true}, 0x0810},
    {"eoi_exit_bitmap_0", {.virtual_interrupt_delivery = true}, 0x201c},
    {"eoi_exit_bitmap_3", {.virtual_interrupt_delivery = true}, 0x2022},
    {"secondary_controls", {.virtual_interrupt_delivery = true}, 0x401e},
    {"uinv", {.load_uinv = true}, 0x0814},
    {"virtual_apic_address", {.tpr_shadow = true}, 0x2012},
    {"tpr_threshold", {.tpr_shadow = true}, 0x401c},
    {"apic_access_address", {.virtualize_apic_accesses = true}, 0x2014},
    {"eptp", {.ept = true}, 0x201a},
    {"guest_physical_address", {.ept = true}, 0x2400},
    {"ple_gap", {.pause_loop_exiting = true}, 0x4020},
    {"ple_window", {.pause_loop_exiting = true}, 0x4022},
    {"preemption_timer_value", {.preemption_timer = true}, 0x482e},
};

TEST_EACH(vmcs_field, needs_no_other_feature_than, struct companion_row,
          companion_rows)
{
    struct vmx_capabilities c = vmx_capabilities_of(row->has, 5);

    EXPECT_TRUE(vmx_has_field(&c, vmcs_field_of(row->encoding)));
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

/* The encodings of the manual, by name. */
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
    {"guest_uinv", 0x0814, VMCS_GUEST_UINV},
    {"io_bitmap_a", 0x2000, VMCS_IO_BITMAP_A},
    {"io_bitmap_b", 0x2002, VMCS_IO_BITMAP_B},
    {"msr_bitmap", 0x2004, VMCS_MSR_BITMAP},
    {"exit_msr_store_address", 0x2006, VMCS_EXIT_MSR_STORE_ADDRESS},
    {"exit_msr_load_address", 0x2008, VMCS_EXIT_MSR_LOAD_ADDRESS},
    {"entry_msr_load_address", 0x200a, VMCS_ENTRY_MSR_LOAD_ADDRESS},
    {"tsc_offset", 0x2010, VMCS_TSC_OFFSET},
    {"virtual_apic_address", 0x2012, VMCS_VIRTUAL_APIC_ADDRESS},
    {"apic_access_address", 0x2014, VMCS_APIC_ACCESS_ADDRESS},
    {"posted_descriptor_address", 0x2016, VMCS_POSTED_DESCRIPTOR_ADDRESS},
    {"eptp", 0x201a, VMCS_EPTP},
    {"eoi_exit_bitmap_0", 0x201c, VMCS_EOI_EXIT_BITMAP_0},
    {"eoi_exit_bitmap_1", 0x201e, VMCS_EOI_EXIT_BITMAP_1},
    {"eoi_exit_bitmap_2", 0x2020, VMCS_EOI_EXIT_BITMAP_2},
    {"eoi_exit_bitmap_3", 0x2022, VMCS_EOI_EXIT_BITMAP_3},
    {"tsc_multiplier", 0x2032, VMCS_TSC_MULTIPLIER},
    {"tertiary_controls", 0x2034, VMCS_TERTIARY_CONTROLS},
    {"pid_pointer_table_address", 0x2042, VMCS_PID_POINTER_TABLE_ADDRESS},
    {"secondary_exit_controls", 0x2044, VMCS_SECONDARY_EXIT_CONTROLS},
    {"guest_deadline_shadow", 0x204e, VMCS_GUEST_DEADLINE_SHADOW},
    {"guest_physical_address", 0x2400, VMCS_GUEST_PHYSICAL_ADDRESS},
    {"link_pointer", 0x2800, VMCS_LINK_POINTER},
    {"guest_deadline", 0x2830, VMCS_GUEST_DEADLINE},
    {"pin_controls", 0x4000, VMCS_PIN_CONTROLS},
    {"primary_controls", 0x4002, VMCS_PRIMARY_CONTROLS},
    {"exception_bitmap", 0x4004, VMCS_EXCEPTION_BITMAP},
    {"page_fault_code_mask", 0x4006, VMCS_PAGE_FAULT_CODE_MASK},
    {"page_fault_code_match", 0x4008, VMCS_PAGE_FAULT_CODE_MATCH},
    {"exit_controls", 0x400c, VMCS_EXIT_CONTROLS},
    {"exit_msr_store_count", 0x400e, VMCS_EXIT_MSR_STORE_COUNT},
    {"exit_msr_load_count", 0x4010, VMCS_EXIT_MSR_LOAD_COUNT},
    {"entry_controls", 0x4012, VMCS_ENTRY_CONTROLS},
    {"entry_msr_load_count", 0x4014, VMCS_ENTRY_MSR_LOAD_COUNT},
    {"entry_intr_info", 0x4016, VMCS_ENTRY_INTR_INFO},
    {"entry_error_code", 0x4018, VMCS_ENTRY_ERROR_CODE},
    {"entry_instruction_length", 0x401a, VMCS_ENTRY_INSTRUCTION_LENGTH},
    {"tpr_threshold", 0x401c, VMCS_TPR_THRESHOLD},
    {"secondary_controls", 0x401e, VMCS_SECONDARY_CONTROLS},
    {"ple_gap", 0x4020, VMCS_PLE_GAP},
    {"ple_window", 0x4022, VMCS_PLE_WINDOW},
    {"instruction_error", 0x4400, VMCS_INSTRUCTION_ERROR},
    {"exit_reason", 0x4402, VMCS_EXIT_REASON},
    {"exit_intr_info", 0x4404, VMCS_EXIT_INTR_INFO},
    {"exit_error_code", 0x4406, VMCS_EXIT_ERROR_CODE},
    {"idt_vectoring_info", 0x4408, VMCS_IDT_VECTORING_INFO},
    {"idt_vectoring_error_code", 0x440a, VMCS_IDT_VECTORING_ERROR_CODE},
    {"exit_instruction_length", 0x440c, VMCS_EXIT_INSTRUCTION_LENGTH},
    {"exit_instruction_info", 0x440e, VMCS_EXIT_INSTRUCTION_INFO},
    {"exit_qualification", 0x6400, VMCS_EXIT_QUALIFICATION},
    {"guest_linear_address", 0x640a, VMCS_GUEST_LINEAR_ADDRESS},
    {"guest_idtr_limit", 0x4812, VMCS_GUEST_IDTR_LIMIT},
    {"guest_ss_access_rights", 0x4818, VMCS_GUEST_SS_ACCESS_RIGHTS},
    {"guest_interruptibility", 0x4824, VMCS_GUEST_INTERRUPTIBILITY},
    {"guest_activity", 0x4826, VMCS_GUEST_ACTIVITY},
    {"preemption_timer_value", 0x482e, VMCS_PREEMPTION_TIMER_VALUE},
    {"guest_cr0", 0x6800, VMCS_GUEST_CR0},
    {"guest_cr3", 0x6802, VMCS_GUEST_CR3},
    {"guest_cr4", 0x6804, VMCS_GUEST_CR4},
    {"guest_tr_base", 0x6814, VMCS_GUEST_TR_BASE},
    {"guest_idtr_base", 0x6818, VMCS_GUEST_IDTR_BASE},
    {"guest_rsp", 0x681c, VMCS_GUEST_RSP},
    {"guest_rip", 0x681e, VMCS_GUEST_RIP},
    {"guest_rflags", 0x6820, VMCS_GUEST_RFLAGS},
    {"guest_pending_debug", 0x6822, VMCS_GUEST_PENDING_DEBUG},
    {"host_cr4", 0x6c04, VMCS_HOST_CR4},
    {"host_tr_base", 0x6c0a, VMCS_HOST_TR_BASE},
    {"host_idtr_base", 0x6c0e, VMCS_HOST_IDTR_BASE},
    {"host_rsp", 0x6c14, VMCS_HOST_RSP},
    {"host_rip", 0x6c16, VMCS_HOST_RIP},
};

TEST_EACH(vmcs_encoding, is_the_manuals, struct encoding_row, encoding_rows)
{
    EXPECT_EQ(vmcs_field_of(row->encoding), row->field);
}

TEST(vmcs, every_field_has_a_row_above)
{
    EXPECT_EQ(sizeof encoding_rows / sizeof encoding_rows[0], VMCS_FIELD_COUNT);
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
    {"IO_INSTRUCTION", 30},
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
