/* Where the cycles go: pollution, and properties of any program with any
 * interrupts. */
#include <string.h>

#include "models/cpu/test/guest_rig.h"
#include "sim/core/rng.h"

#define EXIT COST_OF(vm_exit)
#define ENTRY COST_OF(vm_entry)
#define POLLUTION COST_OF(pollution_per_exit)
#define POLLUTION_MAX COST_OF(pollution_limit)

enum { DONE = 1000, AGAIN };

/* ---- pollution ---- */

struct cpu_pollution {
    struct guest_rig g;
};

static void cpu_pollution_setup(struct cpu_pollution *f)
{
    struct guest_rig *g = &f->g;

    guest_init(g);
    guest_set(g, VMCS_PRIMARY_CONTROLS, PRIMARY_PAUSE_EXITING);
    guest_set(g, VMCS_PIN_CONTROLS, PIN_EXTERNAL_INTERRUPT_EXITING);
    guest_set(g, VMCS_EXIT_CONTROLS, EXIT_CTL_ACKNOWLEDGE);
    g->at_exit = guest_consume;
    g->stop_after = 0;
}

static void cpu_pollution_teardown(struct cpu_pollution *f)
{
    rig_audit(&f->g.r);
}

/* `exits` exits in a row, then 5000 cycles of work. */
static void run_exits_then_work(struct guest_rig *g, unsigned exits)
{
    guest_begins(g);
    for (unsigned i = 0; i < exits; i++)
        rig_emit(&g->r, OP_PAUSE, 0);
    rig_emit(&g->r, OP_WORK, 5000);
    rig_emit_note(&g->r, DONE);
    rig_emit_end(&g->r);
    guest_run(g, 50000);
}

TEST_F(cpu_pollution, of_an_exit_prolongs_the_guests_next_work)
{
    run_exits_then_work(&f->g, 1);
    EXPECT_EQ(rig_noted_at(&f->g.r, 0, DONE),
              BOOT_CYCLES + EXIT + ENTRY + POLLUTION + 5000);
    EXPECT_EQ(rig_share(&f->g.r, SHARE_GUEST), 5000 + POLLUTION);
    EXPECT_EQ(f->g.r.node.account.pollution, POLLUTION);
}

TEST_F(cpu_pollution, is_not_paid_by_work_of_0_cycles)
{
    struct guest_rig *g = &f->g;

    guest_begins(g);
    rig_emit(&g->r, OP_PAUSE, 0);
    rig_emit(&g->r, OP_WORK, 0);
    rig_emit_note(&g->r, DONE);
    rig_emit_end(&g->r);
    guest_run(g, 50000);
    EXPECT_EQ(rig_noted_at(&g->r, 0, DONE), BOOT_CYCLES + EXIT + ENTRY);
}

TEST_F(cpu_pollution, adds_up_over_exits_to_the_limit)
{
    uint64_t exits = POLLUTION_MAX / POLLUTION + 1;

    run_exits_then_work(&f->g, (unsigned)exits);
    EXPECT_LT(POLLUTION_MAX, exits * POLLUTION);
    EXPECT_EQ(f->g.r.node.account.pollution, POLLUTION_MAX);
    EXPECT_EQ(rig_share(&f->g.r, SHARE_GUEST), 5000 + POLLUTION_MAX);
}

TEST_F(cpu_pollution, that_an_exit_cuts_is_not_lost_twice)
{
    struct guest_rig *g = &f->g;
    uint64_t work = BOOT_CYCLES + EXIT + ENTRY;

    rig_arrive(&g->r, CYCLE(work + 200), 0x41);
    run_exits_then_work(g, 1);
    EXPECT_EQ(guest_exit(g, 1, EXIT_EXTERNAL_INTERRUPT)->rip,
              rip_plus(g->guest, 1), "no work is done by then");
    EXPECT_EQ(g->r.node.account.pollution, 2 * POLLUTION);
    EXPECT_EQ(rig_share(&g->r, SHARE_GUEST), 5000 + 2 * POLLUTION);
}

static void work_in_the_host(struct guest_rig *g, struct cpu_env *env)
{
    (void)g;
    env->cpu->rip = g->end + rip_of(2);
}

TEST_F(cpu_pollution, does_not_touch_the_host)
{
    struct guest_rig *g = &f->g;
    uint64_t host;

    guest_begins(g);
    rig_emit(&g->r, OP_PAUSE, 0);
    host = rig_here(&g->r);
    rig_emit(&g->r, OP_WORK, 5000);
    rig_emit_note(&g->r, DONE);
    rig_emit_end(&g->r);
    g->end = host - rip_of(2);
    g->at_exit = work_in_the_host;
    guest_run(g, 50000);
    EXPECT_EQ(rig_share(&g->r, SHARE_HOST), 2 * COST_OF(vmptrld) + 5000);
    EXPECT_EQ(g->r.node.account.host_by_reason[EXIT_PAUSE], 5000);
    EXPECT_EQ(g->r.node.account.pollution, 0);
}

/* ---- any program ---- */

#define PROGRAMS 60u
#define PROGRAM_OPS 60u
#define PROGRAM_CYCLES 400000u
#define PROGRAM_ARRIVALS 150u

struct any {
    struct guest_rig g;
    struct rng rng; /* of what the host does */
};

static struct any any_a, any_b; /* too big for the stack */

static void any_operand_op(struct node_rig *r, struct rng *rng)
{
    uint64_t small = rng_below(rng, 4);

    switch (rng_below(rng, 5)) {
    case 0:
        rig_emit(r, OP_MOV, small << 4);
        rig_emit(r, OP_WRMSR, MSR_TPR);
        break;
    case 1:
        rig_emit(r, OP_MOV, small ? small : 16);
        rig_emit(r, OP_MOV_CR8, 0);
        break;
    case 2:
        rig_emit(r, OP_MOV, small * 100);
        rig_emit(r, OP_WORK_REG, 0)->reg = RAX;
        break;
    case 3:
        rig_emit(r, OP_MOV, IDT_AT);
        rig_emit(r, OP_LIDT, 0xfff);
        break;
    default:
        rig_emit(r, OP_PUSHA, 0);
        rig_emit(r, OP_POPA, 0);
    }
}

static void any_op(struct node_rig *r, struct rng *rng)
{
    static const enum op_kind plain[] = {OP_NOP, OP_STI,   OP_CLI,
                                         OP_STI, OP_PAUSE, OP_INT};
    static const uint64_t places[] = {STACK_AT + 64, APIC_AT, DEVICE_AT};
    enum op_kind kind;

    switch (rng_below(rng, 6)) {
    case 0:
        kind = plain[rng_below(rng, sizeof plain / sizeof *plain)];
        rig_emit(r, kind, 0x80);
        break;
    case 1:
        rig_emit(r, rng_below(rng, 2) ? OP_LOAD : OP_STORE,
                 places[rng_below(rng, 3)]);
        break;
    case 2:
        rig_emit(r, OP_RDMSR, rng_below(rng, 2) ? MSR_TPR : MSR_UNKNOWN);
        break;
    case 3:
        rig_emit(r, OP_STI, 0);
        rig_emit(r, rng_below(rng, 2) ? OP_HLT : OP_WORK, 77);
        break;
    case 4:
        any_operand_op(r, rng);
        break;
    default:
        rig_emit(r, OP_WORK, rng_below(rng, 3) ? rng_below(rng, 900) : 0);
    }
}

/* A handler's first op: a host's handler is the final consumer here. */
static void consume(void *rig, struct cpu_env *env, uint64_t vector)
{
    irq_id irq = env->node->delivered_irq;

    rig_note(rig, env, vector);
    if (irq_pending(env->irqs, irq))
        irq_deliver(env->irqs, irq, HOP_GUEST_HANDLER, env->now);
}

static void leave_np(void *rig, struct cpu_env *env, uint64_t arg)
{
    (void)rig;
    (void)arg;
    env->cpu->rsp += 8; /* the error code */
}

/* The gate of vector 71h is absent: its #NP's handler writes the EOI. */
static void any_absence(struct node_rig *r)
{
    rig_absent(r, 0x71);
    rig_gate_to(r, VECTOR_NP, rig_here(r));
    rig_emit_note(r, VECTOR_NP);
    rig_call(r, leave_np, 0);
    rig_emit(r, OP_WRMSR, MSR_EOI);
    rig_emit(r, OP_IRET, 0);
}

static void any_program(struct any *a, struct rng *rng)
{
    struct node_rig *r = &a->g.r;
    uint64_t loop;

    for (unsigned v = 0x20; v < 0x80; v += 0x10) {
        rig_gate_to(r, (uint8_t)(v + 1), rig_here(r));
        rig_call(r, consume, v + 1);
        rig_emit(r, OP_PUSHA, 0);
        rig_emit(r, rng_below(rng, 2) ? OP_STI : OP_NOP, 0);
        rig_emit(r, OP_WORK, rng_below(rng, 700));
        rig_emit(r, OP_WRMSR, MSR_EOI);
        rig_emit(r, OP_POPA, 0);
        rig_emit(r, OP_IRET, 0);
    }
    any_absence(r);
    rig_gate_to(r, 0x80, rig_here(r));
    rig_emit(r, OP_WORK, 20);
    rig_emit(r, OP_IRET, 0);
    rig_gate_to(r, SPURIOUS, rig_here(r));
    rig_emit(r, OP_IRET, 0);
    rig_fault_handler(r, VECTOR_GP);
    guest_begins(&a->g);
    loop = rig_here(r);
    for (unsigned i = 0; i < PROGRAM_OPS; i++)
        any_op(r, rng);
    rig_emit_note(r, AGAIN);
    rig_emit(r, OP_JMP, loop);
}

static void any_control(struct any *a, enum vmcs_field f, uint32_t bit)
{
    if (rng_below(&a->rng, 2))
        guest_set(&a->g, f, bit);
    else
        guest_clear(&a->g, f, bit);
}

static void any_controls(struct any *a)
{
    any_control(a, VMCS_PIN_CONTROLS, PIN_EXTERNAL_INTERRUPT_EXITING);
    any_control(a, VMCS_PIN_CONTROLS, PIN_PREEMPTION_TIMER);
    any_control(a, VMCS_PRIMARY_CONTROLS, PRIMARY_HLT_EXITING);
    any_control(a, VMCS_PRIMARY_CONTROLS, PRIMARY_PAUSE_EXITING);
    any_control(a, VMCS_PRIMARY_CONTROLS, PRIMARY_CR8_LOAD_EXITING);
    any_control(a, VMCS_PRIMARY_CONTROLS, PRIMARY_INTERRUPT_WINDOW);
    any_control(a, VMCS_EXIT_CONTROLS, EXIT_CTL_ACKNOWLEDGE);
    any_control(a, VMCS_EXIT_CONTROLS, EXIT_CTL_SAVE_PREEMPTION_TIMER);
    if (!(guest_get(&a->g, VMCS_PIN_CONTROLS) & PIN_PREEMPTION_TIMER))
        guest_clear(&a->g, VMCS_EXIT_CONTROLS, EXIT_CTL_SAVE_PREEMPTION_TIMER);
    guest_put(&a->g, VMCS_PREEMPTION_TIMER_VALUE, rng_below(&a->rng, 400));
    guest_put(&a->g, VMCS_EXCEPTION_BITMAP,
              rng_below(&a->rng, 2) << VECTOR_GP | rng_below(&a->rng, 2)
                                                       << VECTOR_NP);
}

/* An exception: one of an interrupt's delivery, or of an op to be skipped. */
static void any_exception(struct guest_rig *g, struct cpu_env *env)
{
    if (guest_get(g, VMCS_IDT_VECTORING_INFO) & INTR_INFO_VALID) {
        guest_consume(g, env);
        return;
    }
    guest_put(g, VMCS_GUEST_RIP, rip_plus(guest_get(g, VMCS_GUEST_RIP), 1));
    guest_put(g, VMCS_GUEST_INTERRUPTIBILITY, 0);
}

static void any_exit(struct guest_rig *g, struct cpu_env *env)
{
    struct any *a = (struct any *)g; /* its first member */

    g->exits %= EXITS_MAX - 1; /* a ring: the log need not be whole */
    if (guest_get(g, VMCS_EXIT_REASON) == EXIT_EXTERNAL_INTERRUPT)
        guest_consume(g, env);
    if (guest_get(g, VMCS_EXIT_REASON) == EXIT_EXCEPTION_NMI)
        any_exception(g, env);
    any_controls(a);
    if ((guest_get(g, VMCS_GUEST_RFLAGS) & RFLAGS_IF) &&
        !guest_get(g, VMCS_GUEST_INTERRUPTIBILITY) &&
        rng_below(&a->rng, 3) == 0)
        guest_put(g, VMCS_ENTRY_INTR_INFO, INTR_INFO_VALID | 0x31);
}

static void any_arrivals(struct any *a, struct rng *rng)
{
    for (unsigned i = 0; i < PROGRAM_ARRIVALS; i++)
        rig_arrive(&a->g.r, rng_below(rng, CYCLE(PROGRAM_CYCLES)),
                   (uint8_t)(0x21 + 0x10 * rng_below(rng, 6)));
}

/* The `seed`-th program, in a guest or alone; `tick`: a foreign event so
 * often, or 0 for none. */
static void any_run(struct any *a, uint64_t seed, bool in_guest, sim_time tick)
{
    struct rng rng;

    memset(a, 0, sizeof *a);
    rng_init(&rng, seed, 1);
    rng_init(&a->rng, seed, 2);
    guest_init(&a->g);
    any_program(a, &rng);
    any_arrivals(a, &rng);
    any_controls(a);
    a->g.at_exit = any_exit;
    a->g.stop_after = 0;
    a->g.r.node.root_is_host = in_guest;
    if (tick)
        rig_tick_every(&a->g.r, tick);
    rig_start(&a->g.r, in_guest ? a->g.boot : a->g.guest, false);
    for (unsigned i = 1; i <= 4; i++)
        rig_run(&a->g.r, PROGRAM_CYCLES / 4 * i);
}

static const struct any_row {
    const char *name;
    bool in_guest;
} any_rows[] = {{"alone", false}, {"in_a_guest", true}};

TEST_EACH(cpu_account, has_every_cycle_in_one_share, struct any_row, any_rows)
{
    uint64_t loops = 0, exits = 0, dropped = 0;

    for (unsigned seed = 0; seed < PROGRAMS; seed++) {
        any_run(&any_a, seed, row->in_guest, 0);
        rig_audit(&any_a.g.r);
        loops += any_a.g.r.notes;
        exits += any_a.g.r.node.account.exits[EXIT_EXCEPTION_NMI];
        dropped += any_a.g.r.irqs.count[SOURCE_B].dropped;
        EXPECT_EQ(any_a.g.r.node.account.exits[EXIT_INVALID_GUEST_STATE], 0);
        EXPECT_EQ(any_a.g.r.node.account.exits[EXIT_TRIPLE_FAULT], 0);
        EXPECT_FALSE(any_a.g.r.node.cpu.vm_fail);
        EXPECT_NE(any_a.g.r.node.cpu.activity, ACTIVITY_SHUTDOWN);
    }
    EXPECT_GT(loops, 100 * PROGRAMS, "the programs do get on");
    EXPECT_EQ(exits > PROGRAMS, row->in_guest);
    EXPECT_GT(dropped, PROGRAMS, "for a #NP");
}

static void expect_same(const struct any *a, const struct any *b, unsigned seed)
{
    const struct node_rig *x = &a->g.r, *y = &b->g.r;

    EXPECT_EQ(
        memcmp(&x->node.account, &y->node.account, sizeof x->node.account), 0,
        "seed %u: the accounts differ", seed);
    EXPECT_EQ(x->notes, y->notes, "seed %u", seed);
    for (unsigned i = 0; i < x->notes; i++) {
        ASSERT_EQ(x->note[i].what, y->note[i].what, "seed %u", seed);
        ASSERT_EQ(x->note[i].time, y->note[i].time, "seed %u", seed);
        ASSERT_EQ(x->note[i].rip, y->note[i].rip, "seed %u", seed);
    }
    EXPECT_EQ(x->node.cpu.rip, y->node.cpu.rip, "seed %u", seed);
    EXPECT_EQ(x->finishes, y->finishes, "seed %u", seed);
    EXPECT_EQ(memcmp(x->irqs.count, y->irqs.count, sizeof x->irqs.count), 0);
}

/* With a foreign event the steps go through the queue, else inline. */
TEST_EACH(cpu_account, is_the_same_with_foreign_events_in_between,
          struct any_row, any_rows)
{
    static const sim_time ticks[] = {CYCLE(1), CYCLE(13), 10 * CYCLE(1) + 1,
                                     997};

    for (unsigned seed = 0; seed < PROGRAMS / 10; seed++) {
        any_run(&any_a, seed, row->in_guest, 0);
        for (unsigned i = 0; i < sizeof ticks / sizeof *ticks; i++) {
            any_run(&any_b, seed, row->in_guest, ticks[i]);
            expect_same(&any_a, &any_b, seed);
        }
    }
}

/* ---- work ---- */

static void host_consumes(struct guest_rig *g, struct cpu_env *env)
{
    g->exits = 0;
    guest_consume(g, env);
}

TEST(cpu_account, of_the_guest_is_its_work_and_pollution)
{
    struct guest_rig *g = &any_a.g;
    uint64_t work = 0;
    struct rng rng;

    rng_init(&rng, 7, 0);
    memset(&any_a, 0, sizeof any_a);
    guest_init(g);
    guest_set(g, VMCS_PIN_CONTROLS, PIN_EXTERNAL_INTERRUPT_EXITING);
    guest_set(g, VMCS_EXIT_CONTROLS, EXIT_CTL_ACKNOWLEDGE);
    guest_begins(g);
    for (unsigned i = 0; i < 200; i++) {
        uint64_t cycles = rng_below(&rng, 1000);

        rig_emit(&g->r, OP_WORK, cycles);
        work += cycles;
    }
    rig_emit_note(&g->r, DONE);
    rig_emit_end(&g->r);
    g->at_exit = host_consumes;
    g->stop_after = EXITS_MAX;
    any_arrivals(&any_a, &rng);
    guest_run(g, 2 * PROGRAM_CYCLES);
    rig_noted(&g->r, 0, DONE);
    EXPECT_GT(g->r.node.account.exits[EXIT_EXTERNAL_INTERRUPT], 50);
    EXPECT_EQ(rig_share(&g->r, SHARE_GUEST) - g->r.node.account.pollution,
              work);
    rig_audit(&g->r);
}
