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
