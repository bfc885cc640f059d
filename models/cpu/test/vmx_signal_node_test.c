/* When a guest exits for NMI, INIT, SIPI and the monitor trap flag. */
#include "models/cpu/test/guest_rig.h"

#define NMI_AT 40u
#define WORK_CYCLES 900u

struct vmx_signal_node {
    struct guest_rig g;
};

static void vmx_signal_node_setup(struct vmx_signal_node *f)
{
    guest_init(&f->g);
    guest_begins(&f->g);
    rig_emit(&f->g.r, OP_WORK, WORK_CYCLES);
    rig_emit(&f->g.r, OP_VMCALL, 0);
}

static void vmx_signal_node_teardown(struct vmx_signal_node *f)
{
    rig_audit(&f->g.r);
}

/* The line rises `cycles` after the guest has begun. */
static void signal_at(struct vmx_signal_node *f, enum core_line line,
                      uint64_t cycles)
{
    guest_run(&f->g, BOOT_CYCLES + cycles);
    rig_core_line(&f->g.r, line, true);
    rig_run(&f->g.r, 40000);
}

TEST_F(vmx_signal_node, nmi_cuts_work_and_exits)
{
    const struct rig_exit *x;

    guest_set(&f->g, VMCS_PIN_CONTROLS, PIN_NMI_EXITING);
    signal_at(f, CORE_NMI, NMI_AT);
    x = guest_exit(&f->g, 0, EXIT_EXCEPTION_NMI);
    EXPECT_EQ(x->intr_info, INTR_INFO_NMI);
    EXPECT_EQ(x->rip, f->g.guest + NMI_AT, "cut after so many cycles");
    EXPECT_EQ(x->time / PERIOD, BOOT_CYCLES + NMI_AT + COST_OF(vm_exit));
}

TEST_F(vmx_signal_node, nmi_of_the_guest_itself_is_counted)
{
    rig_handler(&f->g.r, VECTOR_NMI);
    signal_at(f, CORE_NMI, NMI_AT);
    rig_noted(&f->g.r, 0, VECTOR_NMI);
    EXPECT_EQ(f->g.r.node.account.nmis, 1);
    EXPECT_EQ(f->g.r.node.account.virtual_nmis, 0);
}

TEST_F(vmx_signal_node, nmis_during_the_exit_wait_for_the_hosts_iret)
{
    guest_set(&f->g, VMCS_PIN_CONTROLS, PIN_NMI_EXITING);
    signal_at(f, CORE_NMI, NMI_AT);
    rig_core_line(&f->g.r, CORE_NMI, true);
    rig_run(&f->g.r, 60000);
    EXPECT_TRUE(f->g.r.node.cpu.nmi);
    EXPECT_EQ(f->g.exits, 1);
}

TEST_F(vmx_signal_node, init_in_the_host_exits_before_the_guests_first_op)
{
    const struct rig_exit *x;

    guest_run(&f->g, 10);
    rig_core_line(&f->g.r, CORE_INIT, true);
    rig_run(&f->g.r, 40000);
    x = guest_exit(&f->g, 0, EXIT_INIT_SIGNAL);
    EXPECT_EQ(x->rip, f->g.guest);
    EXPECT_EQ(x->time / PERIOD, BOOT_CYCLES + COST_OF(vm_exit));
    EXPECT_EQ(f->g.r.inits, 0, "the local APIC keeps its state");
}

TEST_F(vmx_signal_node, sipi_wakes_wait_for_sipi_with_an_exit)
{
    struct msg m = {.kind = MSG_LINE,
                    .line = {CORE_SIPI, .high = true, .vector = 0x9a}};
    const struct rig_exit *x;

    guest_put(&f->g, VMCS_GUEST_ACTIVITY, ACTIVITY_WAIT_FOR_SIPI);
    guest_run(&f->g, BOOT_CYCLES + 5000);
    EXPECT_EQ(f->g.exits, 0);
    cpu_node_receive(&f->g.r.node, &m);
    rig_run(&f->g.r, 40000);
    x = guest_exit(&f->g, 0, EXIT_SIPI);
    EXPECT_EQ(x->activity, ACTIVITY_WAIT_FOR_SIPI);
    EXPECT_EQ(guest_get(&f->g, VMCS_EXIT_QUALIFICATION), 0x9a);
    EXPECT_EQ(x->time / PERIOD,
              BOOT_CYCLES + 5000 + COST_OF(hlt_wake) + COST_OF(vm_exit));
}

TEST_F(vmx_signal_node, init_of_a_waiting_guest_exits_with_its_next_entry)
{
    guest_put(&f->g, VMCS_GUEST_ACTIVITY, ACTIVITY_WAIT_FOR_SIPI);
    signal_at(f, CORE_INIT, 5000);
    EXPECT_EQ(f->g.exits, 0);
    EXPECT_TRUE(f->g.r.node.cpu.init);
}

TEST_F(vmx_signal_node, mtf_exits_after_the_first_cycle_of_work)
{
    const struct rig_exit *x;

    guest_set(&f->g, VMCS_PRIMARY_CONTROLS, PRIMARY_MONITOR_TRAP_FLAG);
    guest_run(&f->g, 40000);
    x = guest_exit(&f->g, 0, EXIT_MONITOR_TRAP_FLAG);
    EXPECT_EQ(x->rip, f->g.guest + 1);
}

TEST_F(vmx_signal_node, pending_debug_exception_takes_a_faults_time)
{
    rig_handler(&f->g.r, VECTOR_DB);
    guest_put(&f->g, VMCS_GUEST_PENDING_DEBUG, PENDING_DEBUG_ENABLED | 1);
    guest_run(&f->g, 40000);
    EXPECT_EQ(rig_noted_at(&f->g.r, 0, VECTOR_DB),
              BOOT_CYCLES + COST_OF(fault_delivery));
    EXPECT_EQ(rig_noted(&f->g.r, 0, VECTOR_DB)->rip, f->g.guest);
}

/* ---- ExtINT ---- */

static void extint_at(struct vmx_signal_node *f, uint64_t cycles)
{
    guest_set(&f->g, VMCS_PIN_CONTROLS, PIN_EXTERNAL_INTERRUPT_EXITING);
    guest_run(&f->g, BOOT_CYCLES + cycles);
    rig_extint(&f->g.r, true);
    rig_run(&f->g.r, 40000);
}

TEST_F(vmx_signal_node, extint_exits_with_the_8259s_vector_if_acknowledged)
{
    const struct rig_exit *x;

    guest_set(&f->g, VMCS_EXIT_CONTROLS, EXIT_CTL_ACKNOWLEDGE);
    f->g.at_exit = guest_consume;
    extint_at(f, NMI_AT);
    x = guest_exit(&f->g, 0, EXIT_EXTERNAL_INTERRUPT);
    EXPECT_EQ(x->intr_info, INTR_INFO_VALID | PIC_VECTOR);
    EXPECT_EQ(x->rip, f->g.guest + NMI_AT);
    EXPECT_EQ(x->time / PERIOD,
              BOOT_CYCLES + NMI_AT + INTA_CYCLES + COST_OF(vm_exit));
    EXPECT_EQ(rig_share(&f->g.r, SHARE_TRANSITION),
              COST_OF(vm_entry) + INTA_CYCLES + COST_OF(vm_exit));
}

TEST_F(vmx_signal_node, extint_exits_without_inta_cycles_if_not_acknowledged)
{
    const struct rig_exit *x;

    extint_at(f, NMI_AT);
    x = guest_exit(&f->g, 0, EXIT_EXTERNAL_INTERRUPT);
    EXPECT_EQ(x->intr_info, 0);
    EXPECT_EQ(x->time / PERIOD, BOOT_CYCLES + NMI_AT + COST_OF(vm_exit));
    EXPECT_TRUE(f->g.r.node.cpu.extint, "the 8259 still asks");
}

/* ---- injected NMIs ---- */

/* An NMI with a source, injected by the first entry. */
static irq_id injected_nmi(struct vmx_signal_node *f)
{
    irq_id irq = irq_birth(&f->g.r.irqs, SOURCE_A, HOP_MSI_WRITE, 0);

    guest_put(&f->g, VMCS_ENTRY_INTR_INFO, INTR_INFO_NMI);
    f->g.r.vmcs.inject_irq = irq;
    return irq;
}

TEST_F(vmx_signal_node, injected_nmi_ends_where_its_handler_begins)
{
    rig_handler(&f->g.r, VECTOR_NMI);
    injected_nmi(f);
    guest_run(&f->g, 40000);
    rig_noted(&f->g.r, 0, VECTOR_NMI);
    EXPECT_EQ(f->g.r.node.account.virtual_nmis, 1);
    EXPECT_EQ(f->g.r.node.account.nmis, 0, "none was the CPU's");
    EXPECT_EQ(f->g.r.node.account.handled, 1);
    EXPECT_EQ(f->g.r.irqs.count[SOURCE_A].delivered, 1);
    EXPECT_EQ(f->g.r.finishes, 1);
    EXPECT_EQ(f->g.r.vmcs.inject_irq, 0);
}

TEST_F(vmx_signal_node, injected_nmi_whose_delivery_exits_stays_the_hosts)
{
    irq_id irq;

    rig_handler(&f->g.r, VECTOR_NMI);
    rig_absent(&f->g.r, VECTOR_NMI);
    guest_put(&f->g, VMCS_EXCEPTION_BITMAP, 1u << VECTOR_NP);
    irq = injected_nmi(f);
    guest_run(&f->g, 40000);
    EXPECT_EQ(guest_exit(&f->g, 0, EXIT_EXCEPTION_NMI)->vectoring,
              INTR_INFO_NMI);
    EXPECT_EQ(f->g.r.vmcs.inject_irq, irq);
    EXPECT_TRUE(irq_pending(&f->g.r.irqs, irq));
}

TEST_F(vmx_signal_node, injected_nmi_whose_place_a_fault_takes_is_dropped)
{
    rig_fault_handler(&f->g.r, VECTOR_NP);
    rig_handler(&f->g.r, VECTOR_NMI);
    rig_absent(&f->g.r, VECTOR_NMI);
    injected_nmi(f);
    guest_run(&f->g, 40000);
    rig_noted(&f->g.r, 0, VECTOR_NP);
    EXPECT_EQ(f->g.r.irqs.count[SOURCE_A].by_reason[IRQ_UNHANDLED], 1);
    EXPECT_EQ(f->g.r.vmcs.inject_irq, 0);
}

/* ---- privilege, PAUSE loops, capability MSRs ---- */

TEST_F(vmx_signal_node, privileged_op_faults_before_it_exits)
{
    guest_set(&f->g, VMCS_PRIMARY_CONTROLS, PRIMARY_HLT_EXITING);
    guest_set(&f->g, VMCS_EXCEPTION_BITMAP, 1u << VECTOR_GP);
    guest_put(&f->g, VMCS_GUEST_SS_ACCESS_RIGHTS, 3u << 5);
    guest_begins(&f->g);
    rig_emit(&f->g.r, OP_HLT, 0);
    guest_run(&f->g, 40000);
    EXPECT_EQ(guest_exit(&f->g, 0, EXIT_EXCEPTION_NMI)->rip, f->g.guest);
    EXPECT_EQ(guest_get(&f->g, VMCS_EXIT_INTR_INFO), 0x80000b0d);
}

TEST_F(vmx_signal_node, pause_loop_exits_at_its_first_pause_after_the_window)
{
    const struct rig_exit *x;

    guest_set(&f->g, VMCS_PRIMARY_CONTROLS, PRIMARY_SECONDARY);
    guest_set(&f->g, VMCS_SECONDARY_CONTROLS, SECONDARY_PAUSE_LOOP_EXITING);
    guest_put(&f->g, VMCS_PLE_GAP, COST_OF(pause));
    guest_put(&f->g, VMCS_PLE_WINDOW, 3 * COST_OF(pause));
    guest_begins(&f->g);
    for (unsigned i = 0; i < 8; i++)
        rig_emit(&f->g.r, OP_PAUSE, 0);
    guest_run(&f->g, 40000);
    x = guest_exit(&f->g, 0, EXIT_PAUSE);
    EXPECT_EQ(x->rip, rip_plus(f->g.guest, 4));
    EXPECT_EQ(x->time / PERIOD,
              BOOT_CYCLES + 4 * COST_OF(pause) + COST_OF(vm_exit));
}

TEST_F(vmx_signal_node, capability_msr_is_read_like_any_other)
{
    uint64_t boot = rig_here(&f->g.r);

    rig_emit(&f->g.r, OP_RDMSR, 0x48b);
    rig_emit_note(&f->g.r, 1);
    rig_emit_end(&f->g.r);
    rig_start(&f->g.r, boot, false);
    rig_run(&f->g.r, 20000);
    EXPECT_EQ(rig_noted_at(&f->g.r, 0, 1), COST_OF(rdmsr));
    EXPECT_EQ(rig_noted(&f->g.r, 0, 1)->rax,
              f->g.r.node.cpu.vmx.msr[VMX_MSR_SECONDARY]);
}

TEST_F(vmx_signal_node, entry_failure_for_msr_loading_counts_as_its_reason)
{
    mem_write64(&f->g.r.mem, 0x50000, 0x830);
    guest_put(&f->g, VMCS_ENTRY_MSR_LOAD_ADDRESS, 0x50000);
    guest_put(&f->g, VMCS_ENTRY_MSR_LOAD_COUNT, 1);
    guest_run(&f->g, 40000);
    guest_exit(&f->g, 0, EXIT_REASON_ENTRY_FAILURE | EXIT_MSR_LOADING);
    EXPECT_EQ(f->g.r.node.account.exits[EXIT_MSR_LOADING], 1);
    EXPECT_EQ(f->g.r.node.account.exits[EXIT_INVALID_GUEST_STATE], 0);
}

TEST_F(vmx_signal_node, vmx_abort_stops_the_cpu)
{
    mem_write64(&f->g.r.mem, 0x50000, 0x830);
    guest_put(&f->g, VMCS_EXIT_MSR_LOAD_ADDRESS, 0x50000);
    guest_put(&f->g, VMCS_EXIT_MSR_LOAD_COUNT, 1);
    guest_run(&f->g, 40000);
    EXPECT_EQ(f->g.exits, 0, "the host never runs");
    EXPECT_EQ(f->g.r.node.cpu.activity, ACTIVITY_SHUTDOWN);
}
