/* Which event is taken at an instruction boundary, and what it takes along. */
#include "models/cpu/cpu.h"
#include "models/cpu/cpu_uintr.h"

/* Interrupts other than by exit: IF = 1 and no blocking. */
static bool interruptible(const struct cpu *c)
{
    return cpu_if(c) && !c->sti_blocking && !c->mov_ss_blocking;
}

/* STI blocks an NMI for one instruction as MOV SS does. */
static bool nmi_is_open(const struct cpu *c, bool blocking)
{
    return !blocking && !c->sti_blocking && !c->mov_ss_blocking;
}

static bool debug_is_due(const struct cpu *c)
{
    return (c->pending_debug & (PENDING_DEBUG_ENABLED | PENDING_DEBUG_BS)) &&
           !c->mov_ss_blocking;
}

/* ExtINT comes first where both wait. */
static enum cpu_event recognize_maskable(const struct cpu *c)
{
    if (!c->intr && !c->extint)
        return CPU_EVENT_NONE;
    if (cpu_control(c, VMCS_PIN_CONTROLS, PIN_EXTERNAL_INTERRUPT_EXITING))
        return c->extint ? CPU_EVENT_EXTINT_EXIT : CPU_EVENT_INTR_EXIT;
    if (!interruptible(c))
        return CPU_EVENT_NONE;
    return c->extint ? CPU_EVENT_EXTINT_DELIVERY : CPU_EVENT_INTR_DELIVERY;
}

/* Does anything but a maskable interrupt ask? */
static bool unmaskable_asks(const struct cpu *c)
{
    const bool maskable[sizeof(uint64_t)] = {true, true}; /* INTR, ExtINT */
    uint64_t mask;

    memcpy(&mask, maskable, sizeof mask);
    return (cpu_asks(c) & ~mask) | c->pending_debug ||
           cpu_control(c, VMCS_PRIMARY_CONTROLS, PRIMARY_NMI_WINDOW);
}

/* What shutdown does not block either. */
static enum cpu_event recognize_unmaskable(const struct cpu *c)
{
    if (c->smi)
        return CPU_EVENT_SMI;
    if (c->init && c->non_root)
        return CPU_EVENT_INIT_EXIT;
    if (c->init && !c->vmx_on)
        return CPU_EVENT_INIT;
    if (c->mtf)
        return CPU_EVENT_MTF_EXIT;
    if (debug_is_due(c))
        return CPU_EVENT_DEBUG;
    if (c->preemption_timer &&
        cpu_control(c, VMCS_PIN_CONTROLS, PIN_PREEMPTION_TIMER))
        return CPU_EVENT_PREEMPTION_TIMER_EXIT;
    if (cpu_control(c, VMCS_PRIMARY_CONTROLS, PRIMARY_NMI_WINDOW) &&
        nmi_is_open(c, c->virtual_nmi_blocking))
        return CPU_EVENT_NMI_WINDOW_EXIT;
    if (!c->nmi || !nmi_is_open(c, c->nmi_blocking))
        return CPU_EVENT_NONE;
    return cpu_control(c, VMCS_PIN_CONTROLS, PIN_NMI_EXITING)
               ? CPU_EVENT_NMI_EXIT
               : CPU_EVENT_NMI_DELIVERY;
}

enum cpu_event cpu_recognize_asked(const struct cpu *c)
{
    enum cpu_event event = CPU_EVENT_NONE;

    if (c->vapic.below_threshold)
        return CPU_EVENT_TPR_THRESHOLD_EXIT;
    if (c->activity == ACTIVITY_WAIT_FOR_SIPI)
        return c->sipi ? CPU_EVENT_SIPI_EXIT : CPU_EVENT_NONE;
    if (unmaskable_asks(c))
        event = recognize_unmaskable(c);
    if (event != CPU_EVENT_NONE || c->activity == ACTIVITY_SHUTDOWN)
        return event;
    if (c->vapic.timer_due)
        return CPU_EVENT_GUEST_TIMER;
    if (cpu_control(c, VMCS_PRIMARY_CONTROLS, PRIMARY_INTERRUPT_WINDOW) &&
        interruptible(c))
        return CPU_EVENT_WINDOW_EXIT;
    if (c->vapic.recognized && interruptible(c))
        return CPU_EVENT_VIRTUAL_DELIVERY;
    event = recognize_maskable(c);
    if (event == CPU_EVENT_NONE && cpu_user_interrupt_due(c))
        return CPU_EVENT_USER_INTERRUPT;
    return event;
}

struct cpu_vectored cpu_take_nmi(struct cpu *c)
{
    c->nmi = false;
    return (struct cpu_vectored){
        .vector = VECTOR_NMI, .type = INTR_TYPE_NMI, .return_rip = c->rip};
}

/* B0 to B3 and BS stand where an exit qualification has them. */
struct cpu_result cpu_take_debug(struct cpu *c)
{
    struct cpu_result r = cpu_raise(c, VECTOR_DB, 0);

    if (r.outcome == CPU_EXITS)
        r.exit.qualification =
            c->pending_debug & (PENDING_DEBUG_BREAKPOINTS | PENDING_DEBUG_BS);
    c->pending_debug = 0;
    return r;
}

struct cpu_exit cpu_take_exit(struct cpu *c, enum cpu_event event)
{
    struct cpu_exit x = {0};

    switch (event) {
    case CPU_EVENT_TPR_THRESHOLD_EXIT:
        x.reason = EXIT_TPR_BELOW_THRESHOLD;
        break;
    case CPU_EVENT_INIT_EXIT:
        c->init = false;
        x.reason = EXIT_INIT_SIGNAL;
        break;
    case CPU_EVENT_SIPI_EXIT:
        x.reason = EXIT_SIPI;
        x.qualification = c->sipi_vector;
        break;
    case CPU_EVENT_MTF_EXIT:
        x.reason = EXIT_MONITOR_TRAP_FLAG;
        break;
    case CPU_EVENT_PREEMPTION_TIMER_EXIT:
        x.reason = EXIT_PREEMPTION_TIMER;
        break;
    case CPU_EVENT_NMI_WINDOW_EXIT:
        x.reason = EXIT_NMI_WINDOW;
        break;
    case CPU_EVENT_NMI_EXIT:
        c->nmi = false;
        x.reason = EXIT_EXCEPTION_NMI;
        x.intr_info = INTR_INFO_NMI;
        break;
    default:
        x.reason = EXIT_INTERRUPT_WINDOW;
        break;
    }
    return x;
}
