/*
 * INIT and SIPI between virtual CPUs: what they do to the target in each of its
 * states, and that a start-up as the manual has it starts it once.
 */
#include "software/apic_code.h"
#include "software/kvm_private.h"
#include "software/test/rungs.h"

#define PAGE_ICR UINT64_C(0xfee00300)
#define PAGE_ICR_HIGH UINT64_C(0xfee00310)
#define INIT 0x4500u /* assert */
#define INIT_DEASSERT 0x8500u
#define SIPI 0x4600u
#define NMI 0x4400u
#define PAGE 0x12u /* of the SIPI */
#define START_AT (PAGE * MEM_PAGE_BYTES)
#define STARTS_AT UINT64_C(0x13000) /* how often it has started */
#define GAP 100000u                 /* cycles between two IPIs */
#define TARGET 1u                   /* its virtual APIC ID, and its CPU */

struct kvm_start_rig {
    struct scenario s;
    struct machine *m;
    struct kvm *target;
};

/* Two virtual machines of two virtual CPUs, without devices. */
static struct scenario machines(enum scenario_program_kind kind,
                                struct kvm_apicv apicv)
{
    struct scenario s = rig_scenario(RIG_KVM, kind);

    s.machine.cpus = 4;
    s.device_count = 0;
    s.warmup = 0;
    for (uint32_t i = 0; i < 2; i++) {
        s.vm[i].vcpus = 2;
        s.vm[i].cpu = 2 * i;
        s.vm[i].assigned_count = 0;
        s.vm[i].features.apicv = apicv;
    }
    return s;
}

static void kvm_start_rig_setup(struct kvm_start_rig *f)
{
    *f = (struct kvm_start_rig){0};
}

static void kvm_start_rig_teardown(struct kvm_start_rig *f)
{
    struct figures figures;

    if (!f->m)
        return;
    rig_finish(f->m, &figures);
    EXPECT_EQ(f->target->unexpected, 0);
    figures_free(&figures);
    machine_free(f->m);
}

static void build(struct kvm_start_rig *f, const struct scenario *s)
{
    f->s = *s;
    f->m = machine_build(&f->s);
    f->target = f->m->vcpu[TARGET].kvm;
}

/* What stands where a virtual CPU starts. */
static void put_start(struct kvm_start_rig *f, uint64_t at)
{
    struct machine *m = f->m;
    uint64_t loop;

    mem_write64(&m->mem, at, text_here(&m->text));
    rig_op(m, OP_LOAD, STARTS_AT);
    rig_op(m, OP_ADD, 1);
    rig_op(m, OP_STORE, STARTS_AT);
    loop = text_here(&m->text);
    rig_op(m, OP_WORK, GAP);
    rig_op(m, OP_JMP, loop);
}

static void send(struct kvm_start_rig *f, uint32_t dest, uint32_t low)
{
    rig_op(f->m, OP_WORK, GAP);
    if (f->s.vm[0].apic == APIC_MODE_X2APIC) {
        rig_wrmsr(f->m, MSR_ICR, (uint64_t)dest << 32 | low);
        return;
    }
    rig_op(f->m, OP_MOV, dest << 24);
    rig_op(f->m, OP_STORE, PAGE_ICR_HIGH);
    rig_op(f->m, OP_MOV, low);
    rig_op(f->m, OP_STORE, PAGE_ICR);
}

/* The first virtual CPU sends these to the second, and computes then. */
static void sends(struct kvm_start_rig *f, const uint32_t *low, unsigned count)
{
    uint64_t loop;

    rig_code(f->m, 0);
    for (unsigned i = 0; i < count; i++)
        send(f, TARGET, low[i]);
    loop = text_here(&f->m->text);
    rig_op(f->m, OP_WORK, GAP);
    rig_op(f->m, OP_JMP, loop);
}

#define SENDS(f, ...)                                                          \
    sends(f, (const uint32_t[]){__VA_ARGS__},                                  \
          sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))

static uint64_t starts(struct kvm_start_rig *f)
{
    return mem_read64(&f->m->mem, STARTS_AT);
}

static void run_to(struct kvm_start_rig *f, sim_time time)
{
    machine_run(f->m, time);
}

static uint64_t reasons(const struct kvm_start_rig *f, enum irq_reason why)
{
    return f->m->irqs.count[f->target->config.ipi_source].by_reason[why];
}

/* ---- a start-up on each rung ---- */

static const struct start_row {
    const char *name;
    enum scenario_apic_mode apic;
    enum scenario_program_kind kind;
    struct kvm_apicv apicv;
} start_rows[] = {
    {"computing_software_apic", APIC_MODE_XAPIC, PROGRAM_SPIN, SOFTWARE},
    {"computing_flexpriority", APIC_MODE_XAPIC, PROGRAM_SPIN, FLEXPRIORITY},
    {"computing_apicv", APIC_MODE_X2APIC, PROGRAM_SPIN, APICV},
    {"computing_posted", APIC_MODE_X2APIC, PROGRAM_SPIN, POSTED},
    {"computing_ipiv", APIC_MODE_XAPIC, PROGRAM_SPIN, IPIV},
    {"computing_x2apic_ipiv", APIC_MODE_X2APIC, PROGRAM_SPIN, IPIV},
    {"halted_software_apic", APIC_MODE_X2APIC, PROGRAM_IDLE, SOFTWARE},
    {"halted_ipiv", APIC_MODE_X2APIC, PROGRAM_IDLE, IPIV},
};

TEST_EACH(kvm_start, init_and_two_sipis_start_it_once_at_the_sipis_page,
          struct start_row, start_rows)
{
    struct scenario s = machines(row->kind, row->apicv);
    struct kvm_start_rig f = {0};

    s.vm[0].apic = s.vm[1].apic = row->apic;
    build(&f, &s);
    put_start(&f, START_AT);
    SENDS(&f, INIT, INIT_DEASSERT, SIPI | PAGE, SIPI | PAGE);
    run_to(&f, 2 * SIM_MS);
    EXPECT_EQ(starts(&f), 1);
    EXPECT_EQ(f.target->state, KVM_RUNNING);
    EXPECT_EQ(f.target->start, KVM_STARTED);
    EXPECT_FALSE(lapic_software_enabled(&f.target->vlapic), "reset by INIT");
    EXPECT_EQ(vmcs_get(&f.target->vmcs, VMCS_GUEST_RFLAGS) & RFLAGS_IF, 0);
    kvm_start_rig_teardown(&f);
}

/* ---- single moments ---- */

TEST_F(kvm_start_rig, init_blocks_it_until_a_sipi)
{
    struct scenario s = machines(PROGRAM_SPIN, (struct kvm_apicv)SOFTWARE);

    build(f, &s);
    SENDS(f, INIT, WORKLOAD_IPI_VECTOR, NMI);
    run_to(f, 2 * SIM_MS);
    EXPECT_EQ(f->target->state, KVM_BLOCKED);
    EXPECT_EQ(f->target->start, KVM_WAITS_FOR_SIPI);
    EXPECT_EQ(f->m->cpu[TARGET].node.step, STEP_WAIT, "the host halts");
    EXPECT_EQ(reasons(f, IRQ_APIC_DISABLED), 1, "by INIT");
    EXPECT_EQ(f->m->vcpu[TARGET].workload->nmis, 0, "an NMI does not start it");
}

TEST_F(kvm_start_rig, sipi_means_nothing_to_one_that_does_not_wait_for_it)
{
    struct scenario s = machines(PROGRAM_SPIN, (struct kvm_apicv)SOFTWARE);

    build(f, &s);
    put_start(f, START_AT);
    SENDS(f, SIPI | PAGE);
    run_to(f, 2 * SIM_MS);
    EXPECT_EQ(starts(f), 0);
    EXPECT_EQ(f->target->state, KVM_RUNNING);
    EXPECT_TRUE(lapic_software_enabled(&f->target->vlapic));
}

TEST_F(kvm_start_rig, init_forgets_what_waited)
{
    struct scenario s = machines(PROGRAM_SPIN, (struct kvm_apicv)SOFTWARE);
    uint64_t loop;

    build(f, &s);
    SENDS(f, WORKLOAD_IPI_VECTOR, INIT);
    rig_code(f->m, TARGET);
    rig_op(f->m, OP_CLI, 0);
    loop = text_here(&f->m->text);
    rig_op(f->m, OP_WORK, GAP);
    rig_op(f->m, OP_JMP, loop);
    run_to(f, 2 * SIM_MS);
    EXPECT_EQ(reasons(f, IRQ_APIC_RESET), 1);
    EXPECT_TRUE(vecset_empty(&f->target->vlapic.irr));
}

/* The target halts; what its code would see. */
static struct cpu_env halted(struct kvm_start_rig *f)
{
    struct scenario s = machines(PROGRAM_IDLE, (struct kvm_apicv)SOFTWARE);

    build(f, &s);
    run_to(f, SIM_MS);
    return (struct cpu_env){.node = &f->m->cpu[TARGET].node,
                            .cpu = &f->m->cpu[TARGET].node.cpu,
                            .mem = &f->m->mem,
                            .irqs = &f->m->irqs,
                            .now = machine_now(f->m)};
}

static void accept(struct kvm_start_rig *f, struct cpu_env *env, uint8_t mode)
{
    kvm_start_accept(f->target, env,
                     &(struct kvm_sending){.mode = mode, .vector = PAGE});
}

TEST_F(kvm_start_rig, init_behind_a_sipi_takes_it_back)
{
    struct cpu_env env = halted(f);

    put_start(f, START_AT);
    accept(f, &env, DELIVERY_SIPI);
    accept(f, &env, DELIVERY_INIT);
    kvm_start_take(f->target, &env);
    EXPECT_EQ(f->target->start, KVM_WAITS_FOR_SIPI);
}

TEST_F(kvm_start_rig, init_forgets_an_nmi_that_waits)
{
    struct cpu_env env = halted(f);

    kvm_nmi_accept(f->target, &env, 0);
    accept(f, &env, DELIVERY_INIT);
    kvm_start_take(f->target, &env);
    EXPECT_EQ(f->target->nmis_waiting, 0);
}

TEST_F(kvm_start_rig, first_virtual_cpu_starts_at_the_reset_vector_by_itself)
{
    struct scenario s = machines(PROGRAM_SPIN, (struct kvm_apicv)IPIV);

    build(f, &s);
    put_start(f, CPU_RESET_VECTOR);
    rig_code(f->m, TARGET);
    send(f, 0, INIT);
    rig_op(f->m, OP_HLT, 0);
    run_to(f, 2 * SIM_MS);
    EXPECT_EQ(starts(f), 1);
    EXPECT_EQ(f->m->vcpu[0].kvm->state, KVM_RUNNING);
}

TEST_F(kvm_start_rig, init_to_itself_ends_its_own_program)
{
    struct scenario s = machines(PROGRAM_SPIN, (struct kvm_apicv)SOFTWARE);

    build(f, &s);
    rig_code(f->m, TARGET);
    send(f, TARGET, INIT);
    put_start(f, START_AT);
    run_to(f, 2 * SIM_MS);
    EXPECT_EQ(starts(f), 0, "what follows the INIT is not reached");
    EXPECT_EQ(f->target->start, KVM_WAITS_FOR_SIPI);
}

TEST_F(kvm_start_rig, start_where_nothing_stands_is_a_shutdown_until_init)
{
    struct scenario s = machines(PROGRAM_SPIN, (struct kvm_apicv)SOFTWARE);

    build(f, &s);
    put_start(f, START_AT);
    SENDS(f, INIT, SIPI | (PAGE + 4), SIPI | PAGE, NMI);
    run_to(f, SIM_MS);
    EXPECT_EQ(f->target->start, KVM_SHUT_DOWN);
    EXPECT_EQ(f->target->state, KVM_BLOCKED);
    EXPECT_EQ(starts(f), 0);
}

TEST_F(kvm_start_rig, init_after_a_shutdown_makes_it_wait_again)
{
    struct scenario s = machines(PROGRAM_SPIN, (struct kvm_apicv)SOFTWARE);

    build(f, &s);
    put_start(f, START_AT);
    SENDS(f, INIT, SIPI | (PAGE + 4), INIT, SIPI | PAGE);
    run_to(f, 2 * SIM_MS);
    EXPECT_EQ(starts(f), 1);
}

/* All four virtual CPUs of two machines on one CPU. */
TEST_F(kvm_start_rig, one_that_waits_for_a_cpu_sees_them_when_it_runs)
{
    struct scenario s = machines(PROGRAM_SPIN, (struct kvm_apicv)IPIV);
    uint64_t loop;

    for (uint32_t i = 0; i < 2; i++) {
        s.vm[i].cpu = 0;
        s.vm[i].cpus = 1;
    }
    build(f, &s);
    put_start(f, START_AT);
    rig_code(f->m, 0); /* the first one's program */
    send(f, TARGET, INIT);
    send(f, TARGET, SIPI | PAGE);
    loop = text_here(&f->m->text);
    rig_op(f->m, OP_WORK, GAP);
    rig_op(f->m, OP_JMP, loop);
    run_to(f, 4 * SIM_MS);
    EXPECT_EQ(starts(f), 1);
    EXPECT_EQ(f->target->start, KVM_STARTED);
    EXPECT_GT(f->m->host->counts.preemptions, 10);
}

TEST_F(kvm_start_rig, halt_polling_ends_with_an_init)
{
    struct scenario s = machines(PROGRAM_IDLE, (struct kvm_apicv)SOFTWARE);

    for (uint32_t i = 0; i < 2; i++)
        s.vm[i].features.poll =
            (struct kvm_poll_config){SIM_MS, 500 * SIM_US, 2, 2};
    build(f, &s);
    SENDS(f, WORKLOAD_IPI_VECTOR, WORKLOAD_IPI_VECTOR, INIT);
    run_to(f, 2 * SIM_MS);
    EXPECT_EQ(f->target->poll.counts.polls, 2, "behind each interrupt");
    EXPECT_EQ(f->target->poll.counts.successes, 1);
    EXPECT_FALSE(f->target->poll.looks);
    EXPECT_EQ(f->m->cpu[TARGET].node.step, STEP_WAIT);
}
