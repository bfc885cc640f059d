/* VM entries: the checks of controls, host state and guest state, and what a
 * failed entry leaves behind. */
#include "models/cpu/test/cpu_rig.h"

/* One field of a legal VMCS: bits cleared, bits set, and what comes of it. */
struct control_row {
    const char *name;
    enum vmcs_field field;
    uint64_t clear, set;
    enum vm_instruction_error error;
};

#define ILLEGAL(name, field, clear, set)                                       \
    {                                                                          \
        name, VMCS_##field, clear, set, VMERR_CONTROLS                         \
    }
#define LEGAL(name, field, clear, set)                                         \
    {                                                                          \
        name, VMCS_##field, clear, set, VMERR_NONE                             \
    }

static const struct control_row control_rows[] = {
    ILLEGAL("pin_default_1", PIN_CONTROLS, 1u << 1, 0),
    ILLEGAL("primary_default_1", PRIMARY_CONTROLS, 1u << 1, 0),
    ILLEGAL("exit_default_1", EXIT_CONTROLS, 1u << 0, 0),
    ILLEGAL("entry_default_1", ENTRY_CONTROLS, 1u << 0, 0),
    ILLEGAL("pin_not_supported", PIN_CONTROLS, 0, 1u << 8),
    ILLEGAL("primary_not_supported", PRIMARY_CONTROLS, 0, 1u << 18),
    ILLEGAL("exit_not_supported", EXIT_CONTROLS, 0, 1u << 28),
    ILLEGAL("entry_not_supported", ENTRY_CONTROLS, 0, 1u << 10),
    LEGAL("secondary_ignored_without_primary_31", SECONDARY_CONTROLS, 0,
          1u << 9),
    LEGAL("external_interrupt_exiting", PIN_CONTROLS, 0,
          PIN_EXTERNAL_INTERRUPT_EXITING),
    ILLEGAL("virtual_nmis_without_nmi_exiting", PIN_CONTROLS, 0,
            PIN_VIRTUAL_NMIS),
    LEGAL("virtual_nmis_with_nmi_exiting", PIN_CONTROLS, 0,
          PIN_VIRTUAL_NMIS | PIN_NMI_EXITING),
    ILLEGAL("nmi_window_without_virtual_nmis", PRIMARY_CONTROLS, 0,
            PRIMARY_NMI_WINDOW),
    ILLEGAL("timer_saved_but_not_active", EXIT_CONTROLS, 0,
            EXIT_CTL_SAVE_PREEMPTION_TIMER),
    LEGAL("timer_active_but_not_saved", PIN_CONTROLS, 0, PIN_PREEMPTION_TIMER),
    LEGAL("msr_bitmap_unaligned_but_unused", MSR_BITMAP, 0, 0x800),
    {"host_not_in_64_bit_mode", VMCS_EXIT_CONTROLS, EXIT_CTL_HOST_64, 0,
     VMERR_HOST_STATE},
    {"host_idtr_base_not_canonical", VMCS_HOST_IDTR_BASE, 0, UINT64_C(1) << 47,
     VMERR_HOST_STATE},
    {"host_tr_base_not_canonical", VMCS_HOST_TR_BASE, 0, UINT64_C(1) << 63,
     VMERR_HOST_STATE},
    LEGAL("host_tr_base_in_the_upper_half", HOST_TR_BASE, 0,
          ~((UINT64_C(1) << 47) - 1)),
};

static void change(struct rig *r, enum vmcs_field f, uint64_t clear,
                   uint64_t set)
{
    vmcs_set(&r->vmcs, f, (rig_get(r, f) & ~clear) | set);
}

TEST_EACH(vm_entry, control_check, struct control_row, control_rows)
{
    struct rig r = {0};
    struct cpu before;

    rig_init(&r);
    change(&r, row->field, row->clear, row->set);
    before = r.cpu;
    EXPECT_EQ(rig_launch(&r), row->error);
    EXPECT_EQ(r.cpu.non_root, row->error == VMERR_NONE);
    EXPECT_EQ(r.cpu.vm_fail, row->error ? VM_FAIL_VALID : VM_SUCCEED);
    if (row->error == VMERR_NONE)
        return;
    EXPECT_EQ(rig_get(&r, VMCS_INSTRUCTION_ERROR), row->error);
    EXPECT_EQ(rig_get(&r, VMCS_EXIT_REASON), 0, "no exit is recorded");
    EXPECT_EQ(r.cpu.rip, before.rip);
    EXPECT_EQ(r.cpu.rflags, before.rflags);
    EXPECT_FALSE(r.vmcs.launched);
}

struct vm_entry_rules {
    struct rig r;
};

static void vm_entry_rules_setup(struct vm_entry_rules *f)
{
    rig_init(&f->r);
}

static void vm_entry_rules_teardown(struct vm_entry_rules *f)
{
    rig_check(&f->r);
}

TEST_F(vm_entry_rules, msr_bitmap_in_use_is_page_aligned)
{
    rig_set(&f->r, VMCS_PRIMARY_CONTROLS, PRIMARY_MSR_BITMAPS);
    vmcs_set(&f->r.vmcs, VMCS_MSR_BITMAP, MSR_BITMAP_AT + 0x800);
    EXPECT_EQ(rig_launch(&f->r), VMERR_CONTROLS);
    vmcs_set(&f->r.vmcs, VMCS_MSR_BITMAP, MSR_BITMAP_AT);
    EXPECT_EQ(rig_launch(&f->r), VMERR_NONE);
}

TEST_F(vm_entry_rules, timer_may_be_saved_when_it_is_active)
{
    rig_set(&f->r, VMCS_PIN_CONTROLS, PIN_PREEMPTION_TIMER);
    rig_set(&f->r, VMCS_EXIT_CONTROLS, EXIT_CTL_SAVE_PREEMPTION_TIMER);
    EXPECT_EQ(rig_launch(&f->r), VMERR_NONE);
}

TEST_F(vm_entry_rules, secondary_controls_count_with_primary_31)
{
    rig_set(&f->r, VMCS_PRIMARY_CONTROLS, PRIMARY_SECONDARY);
    vmcs_set(&f->r.vmcs, VMCS_SECONDARY_CONTROLS, 1u << 31);
    EXPECT_EQ(rig_launch(&f->r), VMERR_CONTROLS);
    vmcs_set(&f->r.vmcs, VMCS_SECONDARY_CONTROLS, SECONDARY_EPT);
    EXPECT_EQ(rig_launch(&f->r), VMERR_NONE);
}

TEST_F(vm_entry_rules, vmlaunch_needs_launch_state_clear)
{
    struct cpu_exit x = {.reason = EXIT_HLT};

    rig_enter(&f->r);
    cpu_vm_exit(&f->r.cpu, &x);
    EXPECT_EQ(rig_launch(&f->r), VMERR_LAUNCH_NOT_CLEAR);
    EXPECT_EQ(rig_get(&f->r, VMCS_INSTRUCTION_ERROR), 4);
}

TEST_F(vm_entry_rules, vmresume_needs_launch_state_launched)
{
    bool entry_failure;

    EXPECT_EQ(rig_entry(&f->r, OP_VMRESUME, &entry_failure),
              VMERR_RESUME_NOT_LAUNCHED);
    EXPECT_EQ(rig_get(&f->r, VMCS_INSTRUCTION_ERROR), 5);
}

TEST_F(vm_entry_rules, launch_state_is_checked_before_the_controls)
{
    bool entry_failure;

    vmcs_set(&f->r.vmcs, VMCS_PIN_CONTROLS, 0);
    EXPECT_EQ(rig_entry(&f->r, OP_VMRESUME, &entry_failure),
              VMERR_RESUME_NOT_LAUNCHED);
}

TEST_F(vm_entry_rules, success_clears_the_failure_of_the_last_one)
{
    f->r.cpu.vm_fail = true;
    rig_enter(&f->r);
    EXPECT_FALSE(f->r.cpu.vm_fail);
}

/* ---- the fields for event injection ---- */

#define INFO(type, vector) (INTR_INFO_VALID | (type) << 8 | (vector))
#define CODE_BIT INTR_INFO_ERROR_CODE

static const struct injection_row {
    const char *name;
    uint32_t info, error_code, length;
    bool legal;
} injection_rows[] = {
    {"invalid_is_not_looked_at", 0x7ffff100, 0, 0, true},
    {"external_interrupt", INFO(0, 0x31), 0, 0, true},
    {"type_1", INFO(1, 0x31), 0, 0, false},
    {"nmi", INFO(2, 2), 0, 0, true},
    {"nmi_with_another_vector", INFO(2, 3), 0, 0, false},
    {"exception_31", INFO(3, 31), 0, 0, true},
    {"exception_32", INFO(3, 32), 0, 0, false},
    {"type_7", INFO(7, 0), 0, 0, false},
    {"nmi_with_code", INFO(2, 2) | CODE_BIT, 0, 0, false},
    {"reserved_bit_12", INFO(0, 0x31) | 1u << 12, 0, 0, false},
    {"reserved_bit_30", INFO(0, 0x31) | 1u << 30, 0, 0, false},
    {"ud_without_code", INFO(3, 6), 0, 0, true},
    {"ud_with_code", INFO(3, 6) | CODE_BIT, 0, 0, false},
    {"df_without_code", INFO(3, 8), 0, 0, false},
    {"df_with_code", INFO(3, 8) | CODE_BIT, 0, 0, true},
    {"vector_9_with_code", INFO(3, 9) | CODE_BIT, 0, 0, false},
    {"ts_with_code", INFO(3, 10) | CODE_BIT, 0, 0, true},
    {"pf_with_code", INFO(3, 14) | CODE_BIT, 0, 0, true},
    {"vector_15_with_code", INFO(3, 15) | CODE_BIT, 0, 0, false},
    {"ac_with_code", INFO(3, 17) | CODE_BIT, 0, 0, true},
    {"external_interrupt_13_with_code", INFO(0, 13) | CODE_BIT, 0, 0, false},
    {"code_bit_15", INFO(3, 13) | CODE_BIT, 0x8000, 0, true},
    {"code_bit_16", INFO(3, 13) | CODE_BIT, 0x10000, 0, false},
    {"code_that_is_not_delivered", INFO(0, 0x31), 0x10000, 0, true},
    {"int_n_without_length", INFO(4, 0x80), 0, 0, false},
    {"int_n", INFO(4, 0x80), 0, 1, true},
    {"int_n_too_long", INFO(4, 0x80), 0, 16, false},
    {"int1_without_length", INFO(5, 1), 0, 0, false},
    {"int3_longest", INFO(6, 3), 0, 15, true},
};

/* On a processor without any feature. */
TEST_EACH(vm_entry, injection_check, struct injection_row, injection_rows)
{
    struct rig r = {0};

    rig_init(&r);
    r.cpu.vmx = vmx_capabilities_of((struct vmx_features){0}, 0);
    vmcs_set(&r.vmcs, VMCS_ENTRY_INTR_INFO, row->info);
    vmcs_set(&r.vmcs, VMCS_ENTRY_ERROR_CODE, row->error_code);
    vmcs_set(&r.vmcs, VMCS_ENTRY_INSTRUCTION_LENGTH, row->length);
    EXPECT_EQ(rig_launch(&r), row->legal ? VMERR_NONE : VMERR_CONTROLS);
}

static enum vm_instruction_error launch_injecting(struct rig *r, uint32_t info)
{
    struct cpu_exit x = {.reason = EXIT_HLT};

    if (r->cpu.non_root)
        cpu_vm_exit(&r->cpu, &x);
    r->vmcs.launched = false;
    vmcs_set(&r->vmcs, VMCS_ENTRY_INTR_INFO, info);
    return rig_launch(r);
}

TEST_F(vm_entry_rules, pending_mtf_is_injected_if_the_flag_is_supported)
{
    EXPECT_EQ(launch_injecting(&f->r, INFO(7, 0)), VMERR_NONE);
    EXPECT_EQ(launch_injecting(&f->r, INFO(7, 1)), VMERR_CONTROLS, "FRED");
    EXPECT_EQ(launch_injecting(&f->r, INFO(7, 2)), VMERR_CONTROLS, "FRED");
    EXPECT_EQ(launch_injecting(&f->r, INFO(7, 3)), VMERR_CONTROLS);
}

TEST_F(vm_entry_rules, software_events_may_have_length_0_if_misc_30_says_so)
{
    EXPECT_EQ(launch_injecting(&f->r, INFO(4, 0x80)), VMERR_NONE);
    EXPECT_EQ(launch_injecting(&f->r, INFO(5, 1)), VMERR_NONE);
    EXPECT_EQ(launch_injecting(&f->r, INFO(6, 3)), VMERR_NONE);
    vmcs_set(&f->r.vmcs, VMCS_ENTRY_INSTRUCTION_LENGTH, 16);
    EXPECT_EQ(launch_injecting(&f->r, INFO(4, 0x80)), VMERR_CONTROLS);
}

static void have(struct rig *r, struct vmx_features features)
{
    r->cpu.vmx = vmx_capabilities_of(features, 0);
}

TEST_F(vm_entry_rules, basic_56_relaxes_the_error_code_of_exceptions_only)
{
    have(&f->r, (struct vmx_features){.any_error_code = true});
    EXPECT_EQ(launch_injecting(&f->r, INFO(3, 6) | CODE_BIT), VMERR_NONE);
    EXPECT_EQ(launch_injecting(&f->r, INFO(3, 8)), VMERR_NONE);
    EXPECT_EQ(launch_injecting(&f->r, INFO(0, 0x31) | CODE_BIT),
              VMERR_CONTROLS);
}

TEST_F(vm_entry_rules, basic_58_allows_the_nested_exception_bit)
{
    uint32_t nested = INFO(3, 6) | 1u << 13;

    have(&f->r, (struct vmx_features){0});
    EXPECT_EQ(launch_injecting(&f->r, nested), VMERR_CONTROLS);
    have(&f->r, (struct vmx_features){.nested_exceptions = true});
    EXPECT_EQ(launch_injecting(&f->r, nested), VMERR_NONE);
    EXPECT_EQ(launch_injecting(&f->r, nested | 1u << 14), VMERR_CONTROLS);
}

/* ---- guest state ---- */

#define IF_1 (RFLAGS_FIXED | RFLAGS_IF)
#define IF_0 RFLAGS_FIXED
#define OK (-1)

/* Injected event, guest state, and the exit qualification of the failure. */
static const struct state_row {
    const char *name;
    uint32_t info;
    uint64_t rflags;
    uint32_t blocking, activity;
    int qualification;
} state_rows[] = {
    {"active", 0, IF_0, 0, ACTIVITY_ACTIVE, OK},
    {"hlt", 0, IF_0, 0, ACTIVITY_HLT, OK},
    {"shutdown", 0, IF_0, 0, ACTIVITY_SHUTDOWN, OK},
    {"wait_for_sipi", 0, IF_0, 0, ACTIVITY_WAIT_FOR_SIPI, OK},
    {"activity_4", 0, IF_0, 0, 4, 0},
    {"rflags_bit_1", 0, 0, 0, 0, 0},
    {"rflags_bit_3", 0, IF_1 | 1u << 3, 0, 0, 0},
    {"rflags_bit_22", 0, IF_1 | 1u << 22, 0, 0, 0},
    {"rflags_vm", 0, IF_1 | 1u << 17, 0, 0, 0},
    {"sti", 0, IF_1, BLOCKING_BY_STI, 0, OK},
    {"sti_with_if_0", 0, IF_0, BLOCKING_BY_STI, 0, 0},
    {"mov_ss_with_if_0", 0, IF_0, BLOCKING_BY_MOV_SS, 0, OK},
    {"sti_and_mov_ss", 0, IF_1, BLOCKING_BY_STI | BLOCKING_BY_MOV_SS, 0, 0},
    {"smi_outside_smm", 0, IF_1, BLOCKING_BY_SMI, 0, 0},
    {"nmi_blocking", 0, IF_1, BLOCKING_BY_NMI, 0, OK},
    {"interruptibility_bit_5", 0, IF_1, 1u << 5, 0, 0},
    {"interruptibility_bit_31", 0, IF_1, 1u << 31, 0, 0},
    {"hlt_and_sti", 0, IF_1, BLOCKING_BY_STI, ACTIVITY_HLT, 0},
    {"hlt_and_mov_ss", 0, IF_1, BLOCKING_BY_MOV_SS, ACTIVITY_HLT, 0},
    {"inject_external", INFO(0, 0x31), IF_1, 0, 0, OK},
    {"inject_external_with_if_0", INFO(0, 0x31), IF_0, 0, 0, 0},
    {"inject_external_under_sti", INFO(0, 0x31), IF_1, BLOCKING_BY_STI, 0, 0},
    {"inject_external_under_mov_ss", INFO(0, 0x31), IF_1, BLOCKING_BY_MOV_SS, 0,
     0},
    {"inject_external_into_hlt", INFO(0, 0x31), IF_1, 0, ACTIVITY_HLT, OK},
    {"inject_external_into_shutdown", INFO(0, 0x31), IF_1, 0, ACTIVITY_SHUTDOWN,
     0},
    {"inject_ud_with_if_0", INFO(3, 6), IF_0, 0, 0, OK},
    {"inject_ud_into_hlt", INFO(3, 6), IF_1, 0, ACTIVITY_HLT, 0},
    {"inject_db_into_hlt", INFO(3, 1), IF_1, 0, ACTIVITY_HLT, OK},
    {"inject_mc_into_hlt", INFO(3, 18), IF_1, 0, ACTIVITY_HLT, OK},
    {"inject_mc_into_shutdown", INFO(3, 18), IF_1, 0, ACTIVITY_SHUTDOWN, OK},
    {"inject_db_into_shutdown", INFO(3, 1), IF_1, 0, ACTIVITY_SHUTDOWN, 0},
    {"inject_nmi_into_shutdown", INFO(2, 2), IF_1, 0, ACTIVITY_SHUTDOWN, OK},
    {"inject_nmi_into_wait_for_sipi", INFO(2, 2), IF_1, 0,
     ACTIVITY_WAIT_FOR_SIPI, 0},
    {"inject_external_into_wait_for_sipi", INFO(0, 0x31), IF_1, 0,
     ACTIVITY_WAIT_FOR_SIPI, 0},
    {"inject_pending_mtf_into_wait_for_sipi", INFO(7, 0), IF_1, 0,
     ACTIVITY_WAIT_FOR_SIPI, 0},
    {"inject_int_n_into_hlt", INFO(4, 1), IF_1, 0, ACTIVITY_HLT, 0},
    {"inject_int1_into_hlt", INFO(5, 1), IF_1, 0, ACTIVITY_HLT, 0},
    {"enclave_interruption_without_enclaves", 0, IF_1, 1u << 4, 0, 0},
    {"inject_nmi_under_sti", INFO(2, 2), IF_1, BLOCKING_BY_STI, 0, 3},
    {"inject_nmi_under_mov_ss", INFO(2, 2), IF_1, BLOCKING_BY_MOV_SS, 0, 0},
    {"inject_pending_mtf_into_hlt", INFO(7, 0), IF_1, 0, ACTIVITY_HLT, OK},
    {"inject_pending_mtf_into_shutdown", INFO(7, 0), IF_1, 0, ACTIVITY_SHUTDOWN,
     0},
    {"inject_nmi_under_nmi", INFO(2, 2), IF_1, BLOCKING_BY_NMI, 0, OK},
};

static void load_state(struct rig *r, const struct state_row *row)
{
    vmcs_set(&r->vmcs, VMCS_ENTRY_INTR_INFO, row->info);
    vmcs_set(&r->vmcs, VMCS_GUEST_RFLAGS, row->rflags);
    vmcs_set(&r->vmcs, VMCS_GUEST_INTERRUPTIBILITY, row->blocking);
    vmcs_set(&r->vmcs, VMCS_GUEST_ACTIVITY, row->activity);
}

/* The failed entry went through the host-state area and left the rest. */
static void expect_entry_failure(struct rig *r, uint64_t qualification)
{
    EXPECT_EQ(rig_get(r, VMCS_EXIT_REASON), 0x80000021);
    EXPECT_EQ(rig_get(r, VMCS_EXIT_QUALIFICATION), qualification);
    EXPECT_FALSE(r->cpu.non_root);
    EXPECT_FALSE(r->vmcs.launched);
    EXPECT_EQ(r->cpu.rip, HOST_RIP);
    EXPECT_EQ(r->cpu.rsp, HOST_RSP);
    EXPECT_EQ(r->cpu.rflags, RFLAGS_FIXED);
}

TEST_EACH(vm_entry, guest_state_check, struct state_row, state_rows)
{
    struct rig r = {0};
    struct vmcs before;
    bool failure;

    rig_init(&r);
    load_state(&r, row);
    before = r.vmcs;
    ASSERT_EQ(rig_entry(&r, OP_VMLAUNCH, &failure), VMERR_NONE);
    EXPECT_EQ(failure, row->qualification != OK);
    if (!failure)
        return;
    expect_entry_failure(&r, (uint64_t)row->qualification);
    for (unsigned i = 0; i < VMCS_FIELD_COUNT; i++)
        if (i != VMCS_EXIT_REASON && i != VMCS_EXIT_QUALIFICATION)
            EXPECT_EQ(r.vmcs.field[i], before.field[i], "field %x",
                      vmcs_encoding((enum vmcs_field)i));
}

TEST_F(vm_entry_rules, bad_link_pointer_has_qualification_4)
{
    bool failure;

    vmcs_set(&f->r.vmcs, VMCS_LINK_POINTER, 0x1000);
    EXPECT_EQ(rig_entry(&f->r, OP_VMLAUNCH, &failure), VMERR_NONE);
    EXPECT_TRUE(failure);
    expect_entry_failure(&f->r, 4);
}

TEST_F(vm_entry_rules, activity_states_need_their_capability)
{
    static const enum cpu_activity states[] = {ACTIVITY_HLT, ACTIVITY_SHUTDOWN,
                                               ACTIVITY_WAIT_FOR_SIPI};
    bool failure;

    for (unsigned i = 0; i < 3; i++) {
        rig_init(&f->r);
        f->r.cpu.vmx.msr[VMX_MSR_MISC] &=
            ~(uint64_t)VMX_MISC_ACTIVITY(states[i]);
        vmcs_set(&f->r.vmcs, VMCS_GUEST_ACTIVITY, states[i]);
        EXPECT_EQ(rig_entry(&f->r, OP_VMLAUNCH, &failure), VMERR_NONE);
        EXPECT_TRUE(failure);
        expect_entry_failure(&f->r, 0);
    }
}

TEST_F(vm_entry_rules, hlt_needs_privilege_level_0)
{
    bool failure;

    vmcs_set(&f->r.vmcs, VMCS_GUEST_ACTIVITY, ACTIVITY_HLT);
    vmcs_set(&f->r.vmcs, VMCS_GUEST_SS_ACCESS_RIGHTS, 3u << 5);
    EXPECT_EQ(rig_entry(&f->r, OP_VMLAUNCH, &failure), VMERR_NONE);
    expect_entry_failure(&f->r, 0);
}

#define BS PENDING_DEBUG_BS

static const struct debug_row {
    const char *name;
    uint64_t pending, flags;
    uint32_t blocking, activity;
    bool legal;
} debug_rows[] = {
    {"enabled_breakpoint_0", 0x1001, 0, 0, 0, true},
    {"reserved_bit_4", 1u << 4, 0, 0, 0, false},
    {"reserved_bit_13", 1u << 13, 0, 0, 0, false},
    {"reserved_bit_63", UINT64_C(1) << 63, 0, 0, 0, false},
    {"step_without_tf_is_free_when_nothing_blocks", BS, 0, 0, 0, true},
    {"step_without_tf_under_sti", BS, 0, BLOCKING_BY_STI, 0, false},
    {"step_without_tf_under_mov_ss", BS, 0, BLOCKING_BY_MOV_SS, 0, false},
    {"step_without_tf_in_hlt", BS, 0, 0, ACTIVITY_HLT, false},
    {"tf_without_step_in_hlt", 0, RFLAGS_TF, 0, ACTIVITY_HLT, false},
    {"tf_with_step_in_hlt", BS, RFLAGS_TF, 0, ACTIVITY_HLT, true},
};

TEST_EACH(vm_entry, pending_debug_check, struct debug_row, debug_rows)
{
    struct rig r = {0};
    bool failure;

    rig_init(&r);
    vmcs_set(&r.vmcs, VMCS_GUEST_PENDING_DEBUG, row->pending);
    vmcs_set(&r.vmcs, VMCS_GUEST_RFLAGS, IF_1 | row->flags);
    vmcs_set(&r.vmcs, VMCS_GUEST_INTERRUPTIBILITY, row->blocking);
    vmcs_set(&r.vmcs, VMCS_GUEST_ACTIVITY, row->activity);
    EXPECT_EQ(rig_entry(&r, OP_VMLAUNCH, &failure), VMERR_NONE);
    EXPECT_EQ(failure, !row->legal);
}

TEST_F(vm_entry_rules, idtr_limit_has_16_bits)
{
    bool failure;

    vmcs_set(&f->r.vmcs, VMCS_GUEST_IDTR_LIMIT, 0x10fff);
    EXPECT_EQ(rig_entry(&f->r, OP_VMLAUNCH, &failure), VMERR_NONE);
    EXPECT_TRUE(failure);
}

TEST_F(vm_entry_rules, bases_of_idtr_and_tr_are_canonical)
{
    static const enum vmcs_field bases[] = {VMCS_GUEST_IDTR_BASE,
                                            VMCS_GUEST_TR_BASE};
    bool failure;

    for (unsigned i = 0; i < 2; i++) {
        rig_init(&f->r);
        vmcs_set(&f->r.vmcs, bases[i], UINT64_C(1) << 47);
        EXPECT_EQ(rig_entry(&f->r, OP_VMLAUNCH, &failure), VMERR_NONE);
        EXPECT_TRUE(failure);
        expect_entry_failure(&f->r, 0);
    }
}

TEST_F(vm_entry_rules, failed_entry_clears_uinv_if_exits_do)
{
    bool failure;

    f->r.cpu.uintr.uinv = 0x71;
    vmcs_set(&f->r.vmcs, VMCS_GUEST_RFLAGS, 0);
    EXPECT_EQ(rig_entry(&f->r, OP_VMLAUNCH, &failure), VMERR_NONE);
    EXPECT_EQ(f->r.cpu.uintr.uinv, 0x71);
    rig_set(&f->r, VMCS_EXIT_CONTROLS, EXIT_CTL_CLEAR_UINV);
    EXPECT_EQ(rig_entry(&f->r, OP_VMLAUNCH, &failure), VMERR_NONE);
    EXPECT_EQ(f->r.cpu.uintr.uinv, 0);
}

TEST_F(vm_entry_rules, virtual_nmi_blocking_refuses_an_nmi)
{
    bool failure;

    rig_set(&f->r, VMCS_PIN_CONTROLS, PIN_NMI_EXITING | PIN_VIRTUAL_NMIS);
    vmcs_set(&f->r.vmcs, VMCS_ENTRY_INTR_INFO, INFO(2, 2));
    vmcs_set(&f->r.vmcs, VMCS_GUEST_INTERRUPTIBILITY, BLOCKING_BY_NMI);
    EXPECT_EQ(rig_entry(&f->r, OP_VMLAUNCH, &failure), VMERR_NONE);
    EXPECT_TRUE(failure);
}

TEST_F(vm_entry_rules, failed_entry_leaves_the_entry_valid_bit)
{
    bool failure;

    vmcs_set(&f->r.vmcs, VMCS_ENTRY_INTR_INFO, EXTERNAL(0x31));
    vmcs_set(&f->r.vmcs, VMCS_GUEST_RFLAGS, IF_0);
    EXPECT_EQ(rig_entry(&f->r, OP_VMLAUNCH, &failure), VMERR_NONE);
    EXPECT_TRUE(failure);
    EXPECT_EQ(rig_get(&f->r, VMCS_ENTRY_INTR_INFO), EXTERNAL(0x31));
}

/* ---- injection ---- */

TEST_F(vm_entry_rules, injection_returns_to_the_guests_rip)
{
    vmcs_set(&f->r.vmcs, VMCS_ENTRY_INTR_INFO, EXTERNAL(0x31));
    rig_enter(&f->r);
    EXPECT_EQ(rig_inject(&f->r).outcome, CPU_GOES_ON);
    EXPECT_EQ(f->r.cpu.rip, HANDLER(0x31));
    EXPECT_EQ(rig_stack(&f->r, 0), CODE);
    EXPECT_EQ(f->r.cpu.frames, 1);
}

TEST_F(vm_entry_rules, injected_int_n_returns_behind_the_instruction)
{
    vmcs_set(&f->r.vmcs, VMCS_ENTRY_INTR_INFO, INFO(4, 0x80));
    vmcs_set(&f->r.vmcs, VMCS_ENTRY_INSTRUCTION_LENGTH, 2);
    rig_enter(&f->r);
    rig_inject(&f->r);
    EXPECT_EQ(rig_stack(&f->r, 0), rip_plus(CODE, 2));
}

TEST_F(vm_entry_rules, injected_fault_pushes_the_entrys_error_code)
{
    vmcs_set(&f->r.vmcs, VMCS_ENTRY_INTR_INFO, FAULT_WITH_CODE(VECTOR_GP));
    vmcs_set(&f->r.vmcs, VMCS_ENTRY_ERROR_CODE, 0x1234);
    rig_enter(&f->r);
    rig_inject(&f->r);
    EXPECT_EQ(rig_stack(&f->r, 0), 0x1234);
    EXPECT_EQ(rig_stack(&f->r, 1), CODE);
}

TEST_F(vm_entry_rules, injected_exception_is_not_caught_by_the_bitmap)
{
    vmcs_set(&f->r.vmcs, VMCS_EXCEPTION_BITMAP, UINT32_MAX);
    vmcs_set(&f->r.vmcs, VMCS_ENTRY_INTR_INFO, FAULT_WITH_CODE(VECTOR_GP));
    rig_enter(&f->r);
    EXPECT_EQ(rig_inject(&f->r).outcome, CPU_GOES_ON);
    EXPECT_EQ(f->r.cpu.rip, HANDLER(VECTOR_GP));
}

TEST_F(vm_entry_rules, injection_into_hlt_runs_the_handler)
{
    vmcs_set(&f->r.vmcs, VMCS_GUEST_ACTIVITY, ACTIVITY_HLT);
    vmcs_set(&f->r.vmcs, VMCS_ENTRY_INTR_INFO, EXTERNAL(0x31));
    rig_enter(&f->r);
    rig_inject(&f->r);
    EXPECT_EQ(f->r.cpu.activity, ACTIVITY_ACTIVE);
    EXPECT_EQ(f->r.cpu.rip, HANDLER(0x31));
}

TEST_F(vm_entry_rules, injected_exception_drops_blocking_by_sti)
{
    vmcs_set(&f->r.vmcs, VMCS_GUEST_INTERRUPTIBILITY, BLOCKING_BY_STI);
    vmcs_set(&f->r.vmcs, VMCS_ENTRY_INTR_INFO, INFO(3, 6));
    rig_enter(&f->r);
    rig_inject(&f->r);
    EXPECT_FALSE(f->r.cpu.sti_blocking);
}
