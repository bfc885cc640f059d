/* The VMX-preemption timer: it counts toggles of the TSC's bit X. */
#include "models/cpu/test/guest_rig.h"

#define EXIT COST_OF(vm_exit)
#define TICK (1u << TIMER_SHIFT)

struct cpu_timer {
    struct guest_rig g;
};

static void cpu_timer_setup(struct cpu_timer *f)
{
    guest_init(&f->g);
    guest_set(&f->g, VMCS_PIN_CONTROLS, PIN_PREEMPTION_TIMER);
    f->g.r.node.config.costs.pollution_per_exit = 0;
}

static void cpu_timer_teardown(struct cpu_timer *f)
{
    rig_audit(&f->g.r);
}

/* The guest computes for ever. */
static void spin(struct guest_rig *g)
{
    rig_handler(&g->r, 0x31);
    rig_handler(&g->r, 0x41);
    guest_begins(g);
    rig_emit(&g->r, OP_WORK, 1000000);
    rig_emit_end(&g->r);
}

/* The TSC when bit X has toggled `n` times since `from`. */
static uint64_t toggled(uint64_t from, uint64_t n)
{
    return (from / TICK + n) * TICK;
}

TEST_F(cpu_timer, expires_when_the_tscs_bit_has_toggled_that_often)
{
    const struct rig_exit *x;
    uint64_t due = toggled(BOOT_CYCLES, 20);

    spin(&f->g);
    guest_put(&f->g, VMCS_PREEMPTION_TIMER_VALUE, 20);
    guest_run(&f->g, 20000);
    EXPECT_NE(BOOT_CYCLES % TICK, 0, "or this shows little");
    x = guest_exit(&f->g, 0, EXIT_PREEMPTION_TIMER);
    EXPECT_EQ(x->time, CYCLE(due + EXIT));
    EXPECT_EQ(x->rip, f->g.guest + due - BOOT_CYCLES);
}

TEST_F(cpu_timer, of_value_0_expires_before_the_first_op)
{
    const struct rig_exit *x;

    spin(&f->g);
    f->g.r.text[rip_op(f->g.guest)].kind = OP_PAUSE;
    guest_set(&f->g, VMCS_PRIMARY_CONTROLS, PRIMARY_INTERRUPT_WINDOW);
    guest_run(&f->g, 20000);
    x = guest_exit(&f->g, 0, EXIT_PREEMPTION_TIMER);
    EXPECT_EQ(x->rip, f->g.guest);
    EXPECT_EQ(x->time, CYCLE(BOOT_CYCLES + EXIT));
}

TEST_F(cpu_timer, of_value_0_expires_behind_the_injected_event)
{
    uint64_t handler = rig_here(&f->g.r);

    spin(&f->g);
    guest_put(&f->g, VMCS_ENTRY_INTR_INFO, INTR_INFO_VALID | 0x31);
    guest_run(&f->g, 20000);
    EXPECT_EQ(guest_exit(&f->g, 0, EXIT_PREEMPTION_TIMER)->rip, handler);
}

TEST_F(cpu_timer, has_32_bits)
{
    spin(&f->g);
    guest_put(&f->g, VMCS_PREEMPTION_TIMER_VALUE, UINT64_C(0x100000005));
    guest_run(&f->g, 20000);
    EXPECT_EQ(guest_exit(&f->g, 0, EXIT_PREEMPTION_TIMER)->time,
              CYCLE(toggled(BOOT_CYCLES, 5) + EXIT));
}

TEST_F(cpu_timer, runs_and_exits_in_hlt)
{
    const struct rig_exit *x;
    uint64_t due = toggled(BOOT_CYCLES, 100);

    guest_begins(&f->g);
    rig_emit_end(&f->g.r);
    guest_put(&f->g, VMCS_PREEMPTION_TIMER_VALUE, 100);
    guest_put(&f->g, VMCS_GUEST_RFLAGS, RFLAGS_FIXED);
    guest_run(&f->g, 20000);
    x = guest_exit(&f->g, 0, EXIT_PREEMPTION_TIMER);
    EXPECT_EQ(x->activity, ACTIVITY_HLT);
    EXPECT_EQ(x->time, CYCLE(due + COST_OF(hlt_wake) + EXIT));
}

TEST_F(cpu_timer, runs_and_exits_in_shutdown)
{
    spin(&f->g);
    guest_put(&f->g, VMCS_PREEMPTION_TIMER_VALUE, 100);
    guest_put(&f->g, VMCS_GUEST_ACTIVITY, ACTIVITY_SHUTDOWN);
    guest_run(&f->g, 20000);
    EXPECT_EQ(guest_exit(&f->g, 0, EXIT_PREEMPTION_TIMER)->activity,
              ACTIVITY_SHUTDOWN);
}

TEST_F(cpu_timer, causes_no_exit_in_wait_for_sipi)
{
    spin(&f->g);
    guest_put(&f->g, VMCS_PREEMPTION_TIMER_VALUE, 100);
    guest_put(&f->g, VMCS_GUEST_ACTIVITY, ACTIVITY_WAIT_FOR_SIPI);
    guest_run(&f->g, 20000);
    EXPECT_EQ(f->g.exits, 0);
}

TEST_F(cpu_timer, that_expires_during_an_op_exits_behind_it)
{
    const struct rig_exit *x;

    guest_begins(&f->g);
    rig_emit(&f->g.r, OP_LOAD, DEVICE_AT);
    rig_emit_end(&f->g.r);
    guest_put(&f->g, VMCS_PREEMPTION_TIMER_VALUE, 10);
    guest_run(&f->g, 20000);
    x = guest_exit(&f->g, 0, EXIT_PREEMPTION_TIMER);
    EXPECT_EQ(x->rip, rip_plus(f->g.guest, 1));
    EXPECT_EQ(x->time, CYCLE(BOOT_CYCLES + DEVICE_READ_CYCLES + EXIT));
}

/* ---- saving ---- */

static void interrupt_after(struct guest_rig *g, uint64_t cycles)
{
    guest_set(g, VMCS_PIN_CONTROLS, PIN_EXTERNAL_INTERRUPT_EXITING);
    guest_put(g, VMCS_PREEMPTION_TIMER_VALUE, 100);
    rig_arrive(&g->r, CYCLE(BOOT_CYCLES + cycles), 0x41);
}

TEST_F(cpu_timer, is_saved_at_an_exit_if_the_exit_controls_say_so)
{
    uint64_t at = BOOT_CYCLES + 300;

    spin(&f->g);
    interrupt_after(&f->g, 300);
    guest_set(&f->g, VMCS_EXIT_CONTROLS, EXIT_CTL_SAVE_PREEMPTION_TIMER);
    guest_run(&f->g, 20000);
    guest_exit(&f->g, 0, EXIT_EXTERNAL_INTERRUPT);
    EXPECT_EQ(guest_get(&f->g, VMCS_PREEMPTION_TIMER_VALUE),
              100 - (at / TICK - BOOT_CYCLES / TICK));
}

TEST_F(cpu_timer, keeps_its_value_without_that_control)
{
    spin(&f->g);
    interrupt_after(&f->g, 300);
    guest_run(&f->g, 20000);
    guest_exit(&f->g, 0, EXIT_EXTERNAL_INTERRUPT);
    EXPECT_EQ(guest_get(&f->g, VMCS_PREEMPTION_TIMER_VALUE), 100);
}

TEST_F(cpu_timer, is_saved_as_0_when_it_has_expired)
{
    spin(&f->g);
    guest_set(&f->g, VMCS_EXIT_CONTROLS, EXIT_CTL_SAVE_PREEMPTION_TIMER);
    guest_put(&f->g, VMCS_PREEMPTION_TIMER_VALUE, 10);
    guest_run(&f->g, 20000);
    guest_exit(&f->g, 0, EXIT_PREEMPTION_TIMER);
    EXPECT_EQ(guest_get(&f->g, VMCS_PREEMPTION_TIMER_VALUE), 0);
}

/* An interrupt and what follows are chosen before the expiry. */
TEST_F(cpu_timer, is_saved_as_0_when_it_is_late)
{
    struct node_rig *r = &f->g.r;

    spin(&f->g);
    interrupt_after(&f->g, 300);
    guest_set(&f->g, VMCS_EXIT_CONTROLS, EXIT_CTL_SAVE_PREEMPTION_TIMER);
    guest_put(&f->g, VMCS_PREEMPTION_TIMER_VALUE, 10);
    guest_run(&f->g, BOOT_CYCLES + 1);
    ASSERT_TRUE(event_scheduled(&r->node.timer_event));
    engine_run_event(&r->engine, &r->arrival[0].event);
    engine_run_event(&r->engine, &r->node.step_event);
    ASSERT_EQ(r->node.step, STEP_EXIT);
    EXPECT_EQ(guest_get(&f->g, VMCS_PREEMPTION_TIMER_VALUE), 0);
}

TEST_F(cpu_timer, stops_at_an_exit)
{
    spin(&f->g);
    interrupt_after(&f->g, 100);
    guest_run(&f->g, 20000);
    EXPECT_EQ(f->g.exits, 1);
    EXPECT_FALSE(event_scheduled(&f->g.r.node.timer_event));
    EXPECT_FALSE(f->g.r.node.cpu.preemption_timer);
}

TEST_F(cpu_timer, loses_nothing_over_many_exits)
{
    uint64_t counted = 0, from = BOOT_CYCLES / TICK;

    spin(&f->g);
    guest_set(&f->g, VMCS_PIN_CONTROLS, PIN_EXTERNAL_INTERRUPT_EXITING);
    guest_set(&f->g, VMCS_EXIT_CONTROLS,
              EXIT_CTL_SAVE_PREEMPTION_TIMER | EXIT_CTL_ACKNOWLEDGE);
    guest_put(&f->g, VMCS_PREEMPTION_TIMER_VALUE, 1000);
    f->g.at_exit = guest_consume;
    f->g.stop_after = 40;
    for (unsigned i = 0; i < 40; i++)
        rig_arrive(&f->g.r, CYCLE(BOOT_CYCLES + 1 + 1300 * i), 0x41);
    guest_run(&f->g, 100000);
    ASSERT_EQ(f->g.exits, 40);
    for (unsigned i = 0; i < 40; i++) {
        uint64_t left = f->g.exit[i].time / PERIOD - EXIT;

        counted += left / TICK - from;
        from = (f->g.exit[i].time / PERIOD + COST_OF(vm_entry)) / TICK;
    }
    EXPECT_EQ(guest_get(&f->g, VMCS_PREEMPTION_TIMER_VALUE), 1000 - counted);
}
