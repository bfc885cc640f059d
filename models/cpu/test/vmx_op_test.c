/* VMX instructions beside the entries; MSR lists; PAUSE loops; privilege
 * levels. */
#include "models/cpu/test/cpu_rig.h"
#include "models/cpu/vmx_msr_lists.h"

#define LIST_AT UINT64_C(0x60000)
#define TSS_AT UINT64_C(0x62000)
#define KERNEL_STACK UINT64_C(0x64000)

struct vmx_op {
    struct rig r;
    struct cpu *c;
    struct vmcs other;
};

static void vmx_op_setup(struct vmx_op *f)
{
    rig_init(&f->r);
    f->c = &f->r.cpu;
    vmcs_init(&f->other);
}

static void vmx_op_teardown(struct vmx_op *f)
{
    rig_check(&f->r);
}

static void put(struct vmx_op *f, enum vmcs_field field, uint64_t value)
{
    vmcs_set(&f->r.vmcs, field, value);
}

static struct cpu_result execute_on(struct vmx_op *f, enum op_kind kind,
                                    struct vmcs *v)
{
    struct op op = {.kind = (uint8_t)kind, .self = v};

    return cpu_execute(f->c, &f->r.mem, &op);
}

static void leave(struct vmx_op *f)
{
    struct cpu_exit x = {.reason = EXIT_HLT};

    cpu_vm_exit(f->c, &x);
}

/* ---- VMCLEAR, VMPTRLD, VMXON, VMXOFF ---- */

TEST_F(vmx_op, vmclear_makes_vmlaunch_possible_again)
{
    rig_enter(&f->r);
    leave(f);
    EXPECT_EQ(rig_launch(&f->r), VMERR_LAUNCH_NOT_CLEAR);
    execute_on(f, OP_VMCLEAR, &f->r.vmcs);
    EXPECT_TRUE(f->c->vmcs == NULL, "it is no longer current");
    execute_on(f, OP_VMPTRLD, &f->r.vmcs);
    rig_enter(&f->r);
}

TEST_F(vmx_op, vmclear_keeps_the_fields)
{
    put(f, VMCS_GUEST_RIP, 0x1234);
    execute_on(f, OP_VMCLEAR, &f->r.vmcs);
    EXPECT_EQ(rig_get(&f->r, VMCS_GUEST_RIP), 0x1234);
}

TEST_F(vmx_op, vmclear_of_another_vmcs_leaves_the_current_one)
{
    f->other.launched = true;
    execute_on(f, OP_VMCLEAR, &f->other);
    EXPECT_FALSE(f->other.launched);
    EXPECT_TRUE(f->c->vmcs == &f->r.vmcs);
}

TEST_F(vmx_op, vmptrld_keeps_the_launch_state_of_both)
{
    rig_enter(&f->r);
    leave(f);
    execute_on(f, OP_VMPTRLD, &f->other);
    EXPECT_TRUE(f->r.vmcs.launched);
    EXPECT_FALSE(f->other.launched);
}

TEST_F(vmx_op, vmxon_leaves_no_vmcs_current)
{
    f->c->vmx_on = false;
    execute_on(f, OP_VMXON, NULL);
    EXPECT_TRUE(f->c->vmx_on);
    EXPECT_TRUE(f->c->vmcs == NULL);
    EXPECT_EQ(f->c->vm_fail, VM_SUCCEED);
}

TEST_F(vmx_op, failure_without_a_current_vmcs_is_vmfailinvalid)
{
    f->c->vmcs = NULL;
    rig_op(&f->r, OP_VMCALL, 0);
    EXPECT_EQ(f->c->vm_fail, VM_FAIL_INVALID);
}

TEST_F(vmx_op, init_that_waited_in_root_is_taken_after_vmxoff)
{
    f->c->init = true;
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_NONE);
    execute_on(f, OP_VMXOFF, NULL);
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_INIT);
}

TEST_F(vmx_op, vmxoff_leaves_no_vmcs_current)
{
    execute_on(f, OP_VMXOFF, NULL);
    EXPECT_FALSE(f->c->vmx_on);
    EXPECT_TRUE(f->c->vmcs == NULL);
}

TEST_F(vmx_op, vmxoff_outside_vmx_operation_is_undefined)
{
    f->c->vmx_on = false;
    EXPECT_EQ(execute_on(f, OP_VMXOFF, NULL).fault.vector, VECTOR_UD);
}

TEST_F(vmx_op, mov_ss_blocks_interrupts_nmis_and_entries_for_one_op)
{
    bool failure;

    rig_op(&f->r, OP_MOV_SS, 0);
    f->c->intr = f->c->nmi = true;
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_NONE);
    EXPECT_EQ(rig_entry(&f->r, OP_VMLAUNCH, &failure), VMERR_BLOCKED_BY_MOV_SS);
    rig_op(&f->r, OP_NOP, 0);
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_NMI_DELIVERY);
}

/* ---- MSR lists ---- */

static const struct list_row {
    const char *name;
    uint64_t word; /* of entry 2 */
    bool stored, loaded;
} list_rows[] = {
    {"below_the_apics", 0x7ff, true, true},
    {"first_of_the_apic", 0x800, false, false},
    {"last_of_the_apic", 0x8ff, false, false},
    {"above_the_apics", 0x900, true, true},
    {"fs_base", 0xc0000100, true, false},
    {"gs_base", 0xc0000101, true, false},
    {"reserved_bits", UINT64_C(1) << 32 | 0x10, false, false},
};

static void fill_list(struct rig *r, uint64_t word)
{
    mem_write64(&r->mem, LIST_AT, 0x10);
    mem_write64(&r->mem, LIST_AT + 16, word);
    mem_write64(&r->mem, LIST_AT + 32, 0x800); /* beyond the list */
}

TEST_EACH(vmx_msr_list, of_the_entry_fails_with_reason_34, struct list_row,
          list_rows)
{
    struct rig r = {0};
    bool failure;

    rig_init(&r);
    fill_list(&r, row->word);
    vmcs_set(&r.vmcs, VMCS_ENTRY_MSR_LOAD_ADDRESS, LIST_AT);
    vmcs_set(&r.vmcs, VMCS_ENTRY_MSR_LOAD_COUNT, 2);
    EXPECT_EQ(rig_entry(&r, OP_VMLAUNCH, &failure), VMERR_NONE);
    EXPECT_EQ(failure, !row->loaded);
    EXPECT_EQ(r.cpu.non_root, row->loaded);
    if (row->loaded)
        return;
    EXPECT_EQ(rig_get(&r, VMCS_EXIT_REASON), 0x80000022);
    EXPECT_EQ(rig_get(&r, VMCS_EXIT_QUALIFICATION), 2, "the second entry");
    EXPECT_EQ(r.cpu.rip, HOST_RIP);
    EXPECT_FALSE(r.vmcs.launched);
}

TEST_EACH(vmx_msr_list, of_the_exit_aborts, struct list_row, list_rows)
{
    static const struct {
        enum vmcs_field address, count;
        enum vmx_abort abort;
    } lists[] = {
        {VMCS_EXIT_MSR_STORE_ADDRESS, VMCS_EXIT_MSR_STORE_COUNT,
         VMX_ABORT_STORE},
        {VMCS_EXIT_MSR_LOAD_ADDRESS, VMCS_EXIT_MSR_LOAD_COUNT, VMX_ABORT_LOAD},
    };

    for (unsigned i = 0; i < 2; i++) {
        bool legal = i ? row->loaded : row->stored;
        struct cpu_exit x = {.reason = EXIT_HLT};
        struct rig r = {0};

        rig_init(&r);
        fill_list(&r, row->word);
        vmcs_set(&r.vmcs, lists[i].address, LIST_AT);
        vmcs_set(&r.vmcs, lists[i].count, 2);
        rig_enter(&r);
        cpu_vm_exit(&r.cpu, &x);
        cpu_exit_msrs(&r.cpu, &r.mem);
        EXPECT_EQ(r.vmcs.abort, legal ? VMX_ABORT_NONE : lists[i].abort);
        EXPECT_EQ(r.cpu.activity == ACTIVITY_SHUTDOWN, !legal);
    }
}

TEST_F(vmx_op, failed_entry_loads_the_hosts_msrs_and_stores_none)
{
    bool failure;

    fill_list(&f->r, 0x800);
    put(f, VMCS_GUEST_RFLAGS, 0);
    put(f, VMCS_EXIT_MSR_STORE_ADDRESS, LIST_AT);
    put(f, VMCS_EXIT_MSR_STORE_COUNT, 2);
    EXPECT_EQ(rig_entry(&f->r, OP_VMLAUNCH, &failure), VMERR_NONE);
    EXPECT_TRUE(failure);
    EXPECT_EQ(f->r.vmcs.abort, VMX_ABORT_NONE);
    EXPECT_EQ(f->c->activity, ACTIVITY_ACTIVE);
    put(f, VMCS_EXIT_MSR_LOAD_ADDRESS, LIST_AT);
    put(f, VMCS_EXIT_MSR_LOAD_COUNT, 2);
    EXPECT_EQ(rig_entry(&f->r, OP_VMLAUNCH, &failure), VMERR_NONE);
    EXPECT_EQ(rig_get(&f->r, VMCS_EXIT_REASON), 0x80000021);
    EXPECT_EQ(f->r.vmcs.abort, VMX_ABORT_LOAD);
    EXPECT_EQ(f->c->activity, ACTIVITY_SHUTDOWN);
}

TEST_F(vmx_op, msr_list_is_aligned_and_within_the_address_width)
{
    put(f, VMCS_ENTRY_MSR_LOAD_ADDRESS, LIST_AT + 8);
    put(f, VMCS_ENTRY_MSR_LOAD_COUNT, 1);
    EXPECT_EQ(rig_launch(&f->r), VMERR_CONTROLS);
    put(f, VMCS_ENTRY_MSR_LOAD_ADDRESS,
        (UINT64_C(1) << PHYSICAL_ADDRESS_BITS) - 16);
    put(f, VMCS_ENTRY_MSR_LOAD_COUNT, 2);
    EXPECT_EQ(rig_launch(&f->r), VMERR_CONTROLS);
    put(f, VMCS_ENTRY_MSR_LOAD_COUNT, 1);
    EXPECT_EQ(rig_launch(&f->r), VMERR_NONE, "up to the last byte");
    leave(f);
    execute_on(f, OP_VMCLEAR, &f->r.vmcs);
    execute_on(f, OP_VMPTRLD, &f->r.vmcs);
    put(f, VMCS_ENTRY_MSR_LOAD_ADDRESS, 1);
    put(f, VMCS_ENTRY_MSR_LOAD_COUNT, 0);
    EXPECT_EQ(rig_launch(&f->r), VMERR_NONE, "unused");
}

/* ---- PAUSE loops ---- */

#define GAP 128u
#define WINDOW 4096u

static void use_ple(struct vmx_op *f)
{
    rig_set(&f->r, VMCS_PRIMARY_CONTROLS, PRIMARY_SECONDARY);
    put(f, VMCS_SECONDARY_CONTROLS, SECONDARY_PAUSE_LOOP_EXITING);
    put(f, VMCS_PLE_GAP, GAP);
    put(f, VMCS_PLE_WINDOW, WINDOW);
}

static bool pause_at(struct vmx_op *f, uint64_t tsc)
{
    struct op op = {.kind = OP_PAUSE};
    struct cpu_exit x;

    cpu_note_pause(f->c, tsc);
    return cpu_intercepts(f->c, &f->r.mem, &op, &x);
}

/* PAUSEs from `from` up to the window's end, each a gap apart. */
static void spin(struct vmx_op *f, uint64_t from)
{
    for (uint64_t t = 0; t <= WINDOW; t += GAP)
        EXPECT_FALSE(pause_at(f, from + t));
}

TEST_F(vmx_op, pause_loop_exits_when_it_is_older_than_the_window)
{
    use_ple(f);
    rig_enter(&f->r);
    spin(f, 1000);
    EXPECT_TRUE(pause_at(f, 1000 + WINDOW + 1));
}

TEST_F(vmx_op, pause_after_more_than_the_gap_begins_a_new_loop)
{
    use_ple(f);
    rig_enter(&f->r);
    spin(f, 1000);
    spin(f, 1000 + WINDOW + GAP + 1);
}

TEST_F(vmx_op, first_pause_after_the_entry_begins_a_new_loop)
{
    use_ple(f);
    rig_enter(&f->r);
    spin(f, 1000);
    leave(f);
    f->r.vmcs.launched = false;
    rig_enter(&f->r);
    EXPECT_FALSE(pause_at(f, 1000 + WINDOW + 1));
}

TEST_F(vmx_op, pause_at_privilege_level_3_never_exits_with_ple_alone)
{
    use_ple(f);
    put(f, VMCS_GUEST_SS_ACCESS_RIGHTS, 3u << 5);
    rig_enter(&f->r);
    spin(f, 1000);
    EXPECT_FALSE(pause_at(f, 1000 + WINDOW + 1));
    rig_set(&f->r, VMCS_PRIMARY_CONTROLS, PRIMARY_PAUSE_EXITING);
    EXPECT_TRUE(pause_at(f, 1000 + WINDOW + 2), "PAUSE exiting does");
}

/* The loop that has exited is over, whoever pauses next. */
TEST_F(vmx_op, pause_at_privilege_level_3_behind_a_pause_exit_does_not_exit)
{
    use_ple(f);
    rig_enter(&f->r);
    spin(f, 1000);
    EXPECT_TRUE(pause_at(f, 1000 + WINDOW + 1));
    leave(f);
    f->r.vmcs.launched = false;
    put(f, VMCS_GUEST_SS_ACCESS_RIGHTS, 3u << 5);
    rig_enter(&f->r);
    EXPECT_FALSE(pause_at(f, 1000 + WINDOW + 2));
}

TEST_F(vmx_op, pause_at_privilege_level_3_is_not_one_of_the_loop)
{
    use_ple(f);
    rig_enter(&f->r);
    spin(f, 1000);
    f->c->cpl = 3;
    EXPECT_FALSE(pause_at(f, 1000 + WINDOW + GAP));
    f->c->cpl = 0;
    EXPECT_FALSE(pause_at(f, 1000 + WINDOW + GAP + 1), "a new loop");
}

TEST_F(vmx_op, pause_loop_without_the_control_never_exits)
{
    rig_enter(&f->r);
    EXPECT_FALSE(pause_at(f, 0));
    EXPECT_FALSE(pause_at(f, 1));
}

/* ---- privilege levels ---- */

static void use_cpl_3(struct vmx_op *f)
{
    put(f, VMCS_GUEST_SS_ACCESS_RIGHTS, 0xf3 | 3u << 5);
    put(f, VMCS_GUEST_TR_BASE, TSS_AT);
    mem_write64(&f->r.mem, TSS_AT + 4, KERNEL_STACK);
    rig_enter(&f->r);
}

TEST_F(vmx_op, delivery_goes_to_level_0_with_the_tss_stack_and_iret_back)
{
    use_cpl_3(f);
    rig_deliver(&f->r, 0x31, INTR_TYPE_EXTERNAL);
    EXPECT_EQ(f->c->cpl, 0);
    EXPECT_EQ(f->c->rsp, KERNEL_STACK - 40);
    EXPECT_EQ(rig_stack(&f->r, 1), 3, "CS");
    EXPECT_EQ(rig_stack(&f->r, 3), STACK_AT);
    rig_op(&f->r, OP_IRET, 0);
    EXPECT_EQ(f->c->cpl, 3);
    EXPECT_EQ(f->c->rsp, STACK_AT);
    leave(f);
    EXPECT_EQ(rig_get(&f->r, VMCS_GUEST_SS_ACCESS_RIGHTS), 0xf3);
    EXPECT_EQ(f->c->cpl, 0, "the host's");
}

TEST_F(vmx_op, software_interrupt_needs_a_gate_of_its_privilege_level)
{
    uint64_t at = IDT_AT + 16u * 0x80;
    struct cpu_result r;

    use_cpl_3(f);
    r = rig_op(&f->r, OP_INT, 0x80);
    ASSERT_EQ(r.outcome, CPU_FAULTS);
    EXPECT_EQ(r.fault.vector, VECTOR_GP);
    EXPECT_EQ(r.fault.error_code, 0x80 * 8 + 2);
    mem_write64(&f->r.mem, at, mem_read64(&f->r.mem, at) | UINT64_C(3) << 45);
    EXPECT_EQ(rig_op(&f->r, OP_INT, 0x80).outcome, CPU_GOES_ON);
}

TEST_F(vmx_op, gates_privilege_level_does_not_matter_to_interrupts)
{
    use_cpl_3(f);
    EXPECT_EQ(rig_deliver(&f->r, 0x80, INTR_TYPE_EXTERNAL).outcome,
              CPU_GOES_ON);
}

TEST_F(vmx_op, privileged_ops_fault_before_they_exit_but_vmx_ops_exit)
{
    static const enum op_kind faults[] = {OP_HLT,  OP_CLI,   OP_STI,
                                          OP_LIDT, OP_RDMSR, OP_WRMSR};
    static const enum op_kind exits[] = {OP_VMCALL, OP_VMREAD, OP_VMXOFF};

    use_cpl_3(f);
    for (unsigned i = 0; i < 6; i++)
        EXPECT_TRUE(
            cpu_privileged(f->c, &(struct op){.kind = (uint8_t)faults[i]}));
    for (unsigned i = 0; i < 3; i++)
        EXPECT_FALSE(
            cpu_privileged(f->c, &(struct op){.kind = (uint8_t)exits[i]}));
    leave(f);
    for (unsigned i = 0; i < 3; i++)
        EXPECT_TRUE(
            cpu_privileged(f->c, &(struct op){.kind = (uint8_t)exits[i]}));
    EXPECT_FALSE(cpu_privileged(f->c, &(struct op){.kind = OP_NOP}));
}
