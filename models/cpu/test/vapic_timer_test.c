/* APIC-timer virtualization: the guest's TSC deadline without an exit. */
#include "models/cpu/test/guest_rig.h"
#include "models/cpu/vapic.h"

#define VAPIC_AT UINT64_C(0x50000)
#define TIMER_VECTOR 0x41u
#define MSR_DEADLINE VAPIC_MSR_TSC_DEADLINE
#define EVENT COST_OF(guest_timer)
#define DELIVERY COST_OF(virtual_delivery)

enum { DONE = 1000, AFTER };

struct vapic_timer {
    struct guest_rig g;
};

static void vapic_timer_setup(struct vapic_timer *f)
{
    struct guest_rig *g = &f->g;

    guest_init(g);
    guest_set(g, VMCS_PIN_CONTROLS, PIN_EXTERNAL_INTERRUPT_EXITING);
    guest_set(g, VMCS_PRIMARY_CONTROLS,
              PRIMARY_TPR_SHADOW | PRIMARY_SECONDARY | PRIMARY_TERTIARY);
    guest_put(g, VMCS_SECONDARY_CONTROLS,
              SECONDARY_VIRTUALIZE_X2APIC |
                  SECONDARY_VIRTUAL_INTERRUPT_DELIVERY);
    guest_put(g, VMCS_TERTIARY_CONTROLS, TERTIARY_APIC_TIMER_VIRTUALIZATION);
    guest_put(g, VMCS_VIRTUAL_APIC_ADDRESS, VAPIC_AT);
    guest_put(g, VMCS_VIRTUAL_TIMER_VECTOR, TIMER_VECTOR);
    g->r.vmcs.timer_source = SOURCE_A;
}

static void vapic_timer_teardown(struct vapic_timer *f)
{
    rig_audit(&f->g.r);
}

static void arms(struct guest_rig *g, uint64_t deadline)
{
    rig_emit(&g->r, OP_MOV, deadline)->reg = RBX; /* RAX is for the EOI */
    rig_emit(&g->r, OP_WRMSR, MSR_DEADLINE)->reg = RBX;
}

#define DUE (BOOT_CYCLES + 5000)

/* A deadline comes due while the guest does `op`, and reaches its handler once,
 * without an exit; `wake` cycles pass before. */
static void expect_one_expiry(struct guest_rig *g, enum op_kind op,
                              uint64_t imm, uint64_t wake)
{
    rig_handler(&g->r, TIMER_VECTOR);
    guest_begins(g);
    arms(g, DUE);
    rig_emit(&g->r, op, imm);
    rig_emit_note(&g->r, DONE);
    rig_emit_end(&g->r);
    guest_run(g, 60000);
    EXPECT_EQ(g->exits, 0);
    EXPECT_EQ(rig_noted_at(&g->r, 0, TIMER_VECTOR),
              DUE + wake + EVENT + DELIVERY);
    rig_noted(&g->r, 1, DONE);
    EXPECT_EQ(g->r.notes, 2, "once");
}

TEST_F(vapic_timer, deadline_delivers_its_vector_without_an_exit)
{
    expect_one_expiry(&f->g, OP_WORK, 20000, 0);
    ASSERT_EQ(f->g.r.finishes, 1);
    EXPECT_EQ(f->g.r.finished[0].hop[0].time, CYCLE(DUE),
              "born when it was due");
}

TEST_F(vapic_timer, deadline_is_read_back_until_it_fires)
{
    struct guest_rig *g = &f->g;
    uint64_t at = BOOT_CYCLES + 9000;

    rig_handler(&g->r, TIMER_VECTOR);
    guest_begins(g);
    arms(g, at);
    rig_emit(&g->r, OP_RDMSR, MSR_DEADLINE);
    rig_emit_note(&g->r, DONE);
    rig_emit(&g->r, OP_MOV, 0);
    rig_emit(&g->r, OP_WORK, 20000);
    rig_emit(&g->r, OP_RDMSR, MSR_DEADLINE);
    rig_emit_note(&g->r, AFTER);
    rig_emit_end(&g->r);
    guest_run(g, 60000);
    EXPECT_EQ(rig_noted(&g->r, 0, DONE)->rax, at);
    rig_noted(&g->r, 1, TIMER_VECTOR);
    EXPECT_EQ(rig_noted(&g->r, 2, AFTER)->rax, 0);
}

TEST_F(vapic_timer, deadline_0_disarms)
{
    struct guest_rig *g = &f->g;

    guest_begins(g);
    arms(g, BOOT_CYCLES + 5000);
    arms(g, 0);
    rig_emit(&g->r, OP_WORK, 20000);
    rig_emit_note(&g->r, DONE);
    rig_emit_end(&g->r);
    guest_run(g, 60000);
    rig_noted(&g->r, 0, DONE);
    EXPECT_EQ(g->r.irqs.count[SOURCE_A].sent, 0);
}

TEST_F(vapic_timer, deadline_in_the_past_fires_behind_the_write)
{
    struct guest_rig *g = &f->g;

    rig_handler(&g->r, TIMER_VECTOR);
    guest_begins(g);
    arms(g, 1);
    rig_emit_note(&g->r, DONE);
    rig_emit_end(&g->r);
    guest_run(g, 60000);
    EXPECT_EQ(rig_noted_at(&g->r, 0, TIMER_VECTOR),
              BOOT_CYCLES + COST_OF(vapic_write) + EVENT + DELIVERY);
    rig_noted(&g->r, 1, DONE);
}

TEST_F(vapic_timer, deadline_is_the_guests_tsc_and_becomes_the_physical_one)
{
    struct guest_rig *g = &f->g;
    uint64_t at = BOOT_CYCLES + 5000, offset = UINT64_C(1) << 40;

    guest_set(g, VMCS_PRIMARY_CONTROLS, PRIMARY_TSC_OFFSETTING);
    guest_put(g, VMCS_TSC_OFFSET, offset);
    rig_handler(&g->r, TIMER_VECTOR);
    guest_begins(g);
    arms(g, at + offset);
    rig_emit(&g->r, OP_WORK, 20000);
    rig_emit_end(&g->r);
    guest_run(g, 4000);
    EXPECT_EQ(guest_get(g, VMCS_GUEST_DEADLINE_SHADOW), at + offset);
    EXPECT_EQ(guest_get(g, VMCS_GUEST_DEADLINE), at);
    rig_run(&g->r, 60000);
    EXPECT_EQ(rig_noted_at(&g->r, 0, TIMER_VECTOR), at + EVENT + DELIVERY);
}

TEST_F(vapic_timer, deadline_that_passes_in_root_fires_after_the_entry)
{
    struct guest_rig *g = &f->g;

    rig_handler(&g->r, TIMER_VECTOR);
    guest_begins(g);
    rig_emit_note(&g->r, DONE);
    rig_emit_end(&g->r);
    guest_put(g, VMCS_GUEST_DEADLINE, 10);
    guest_put(g, VMCS_GUEST_DEADLINE_SHADOW, 10);
    guest_run(g, 60000);
    EXPECT_EQ(rig_noted_at(&g->r, 0, TIMER_VECTOR),
              BOOT_CYCLES + EVENT + DELIVERY);
    EXPECT_EQ(guest_get(g, VMCS_GUEST_DEADLINE), 0);
}

TEST_F(vapic_timer, deadline_waits_for_the_next_entry_after_an_exit)
{
    struct guest_rig *g = &f->g;

    guest_begins(g);
    arms(g, BOOT_CYCLES + 5000);
    rig_emit(&g->r, OP_VMCALL, 0);
    guest_run(g, 60000);
    guest_exit(g, 0, EXIT_VMCALL);
    EXPECT_EQ(guest_get(g, VMCS_GUEST_DEADLINE), BOOT_CYCLES + 5000);
    EXPECT_EQ(g->r.irqs.count[SOURCE_A].sent, 0, "the host halts for good");
}

TEST_F(vapic_timer, deadline_wakes_a_halted_guest_once)
{
    expect_one_expiry(&f->g, OP_HLT, 0, COST_OF(hlt_wake));
}

TEST_F(vapic_timer, deadline_goes_to_the_physical_apic_without_the_control)
{
    struct guest_rig *g = &f->g;

    guest_put(g, VMCS_TERTIARY_CONTROLS, 0);
    rig_fault_handler(&g->r, VECTOR_GP);
    guest_begins(g);
    arms(g, BOOT_CYCLES + 5000);
    rig_emit_end(&g->r);
    guest_run(g, 60000);
    rig_noted(&g->r, 0, VECTOR_GP); /* the rig's APIC has no such MSR */
    EXPECT_EQ(guest_get(g, VMCS_GUEST_DEADLINE), 0);
}
