/* The workload's APIC timer: its three modes, and the timer's handler. */
#include "software/workload_timer.h"
#include "software/apic_code.h"
#include "software/workload.h"
#include "software/workload_eoi.h"

static void write_count(const struct workload *w, struct text *t)
{
    apic_code_write(t, w->config.x2apic, APIC_TMICT, w->config.timer_count);
}

/* RAX = the next deadline: whole periods after the one before it. */
static void next_deadline(void *self, struct cpu_env *env, uint64_t arg)
{
    struct workload *w = self;
    uint64_t tsc = clock_cycles(&env->node->config.clock, env->now);
    uint64_t period = w->config.timer_period;

    (void)arg;
    if (!w->deadline)
        w->deadline = tsc;
    w->deadline += period;
    if (w->deadline <= tsc) /* some have been missed */
        w->deadline += (tsc - w->deadline) / period * period + period;
    env->cpu->gpr[RAX] = w->deadline;
}

static void write_deadline(struct workload *w, struct text *t)
{
    text_call(t, next_deadline, w, 0);
    text_op(t, OP_WRMSR, RAX, MSR_TSC_DEADLINE);
}

/* The first expiry, and each that the timer does not repeat itself. */
static void build_next(struct workload *w, struct text *t)
{
    if (!w->config.timer_count)
        return;
    if (w->config.timer_mode == WORKLOAD_TIMER_TSC_DEADLINE)
        write_deadline(w, t);
    else
        write_count(w, t);
}

void workload_timer_build_start(struct workload *w, struct text *t)
{
    static const uint32_t mode[] = {
        [WORKLOAD_TIMER_PERIODIC] = LVT_PERIODIC,
        [WORKLOAD_TIMER_ONE_SHOT] = 0,
        [WORKLOAD_TIMER_TSC_DEADLINE] = LVT_TSC_DEADLINE,
    };
    const struct workload_config *c = &w->config;

    if (!c->timer_count)
        return;
    apic_code_write(t, c->x2apic, APIC_DCR, DCR_DIVIDE_BY_1);
    apic_code_write(t, c->x2apic, APIC_LVT_TIMER,
                    mode[c->timer_mode] | WORKLOAD_TIMER_VECTOR);
    build_next(w, t);
}

void workload_timer_build_handler(struct workload *w, struct text *t)
{
    text_op(t, OP_PUSHA, RAX, 0);
    workload_eoi_build(w, t);
    text_work(t, w->config.timer_work);
    if (w->config.launch)
        vtd_launch_build(w->config.launch, t);
    if (w->config.timer_mode != WORKLOAD_TIMER_PERIODIC)
        build_next(w, t);
    for (uint32_t i = 0; i < w->config.irq_count; i++)
        if (w->config.irq[i].move)
            vtd_build_move(w->config.irq[i].move, t);
    text_op(t, OP_POPA, RAX, 0);
    text_op(t, OP_IRET, RAX, 0);
}
