/* What blocks which event in VMX non-root operation: the whole table, each
 * state against each event. */
#include "models/cpu/test/cpu_rig.h"

enum blocked_event {
    EVENT_INTERRUPT,      /* external-interrupt exiting = 0 */
    EVENT_INTERRUPT_EXIT, /* = 1 */
    EVENT_NMI,
    EVENT_NMI_EXIT,
    EVENT_WINDOW,
    EVENT_NMI_WINDOW,
    EVENT_SMI,
    EVENT_INIT,
    EVENT_SIPI,
    EVENTS
};

#define BIT(event) (1u << EVENT_##event)
#define ALL_BUT_SIPI ((1u << EVENT_SIPI) - 1)
#define INTERRUPTS (BIT(INTERRUPT) | BIT(WINDOW))
#define NMIS (BIT(NMI) | BIT(NMI_EXIT) | BIT(NMI_WINDOW))

/* A SIPI is dropped everywhere but in wait-for-SIPI. */
static const struct blocking_row {
    const char *name;
    uint32_t activity, blocking;
    bool if_0;
    uint32_t blocked;
} blocking_rows[] = {
    {"nothing", ACTIVITY_ACTIVE, 0, false, BIT(SIPI)},
    {"if_0", ACTIVITY_ACTIVE, 0, true, INTERRUPTS | BIT(SIPI)},
    {"sti", ACTIVITY_ACTIVE, BLOCKING_BY_STI, false,
     INTERRUPTS | NMIS | BIT(SIPI)},
    {"mov_ss", ACTIVITY_ACTIVE, BLOCKING_BY_MOV_SS, false,
     INTERRUPTS | NMIS | BIT(SIPI)},
    {"nmi", ACTIVITY_ACTIVE, BLOCKING_BY_NMI, false, NMIS | BIT(SIPI)},
    {"hlt", ACTIVITY_HLT, 0, false, BIT(SIPI)},
    {"hlt_with_if_0", ACTIVITY_HLT, 0, true, INTERRUPTS | BIT(SIPI)},
    {"shutdown", ACTIVITY_SHUTDOWN, 0, false,
     INTERRUPTS | BIT(INTERRUPT_EXIT) | BIT(SIPI)},
    {"wait_for_sipi", ACTIVITY_WAIT_FOR_SIPI, 0, false, ALL_BUT_SIPI},
};

static const struct {
    uint32_t pin, primary;
    enum cpu_event taken;
} events[EVENTS] = {
    [EVENT_INTERRUPT] = {0, 0, CPU_EVENT_INTR_DELIVERY},
    [EVENT_INTERRUPT_EXIT] = {PIN_EXTERNAL_INTERRUPT_EXITING, 0,
                              CPU_EVENT_INTR_EXIT},
    [EVENT_NMI] = {0, 0, CPU_EVENT_NMI_DELIVERY},
    [EVENT_NMI_EXIT] = {PIN_NMI_EXITING, 0, CPU_EVENT_NMI_EXIT},
    [EVENT_WINDOW] = {0, PRIMARY_INTERRUPT_WINDOW, CPU_EVENT_WINDOW_EXIT},
    [EVENT_NMI_WINDOW] = {PIN_NMI_EXITING | PIN_VIRTUAL_NMIS,
                          PRIMARY_NMI_WINDOW, CPU_EVENT_NMI_WINDOW_EXIT},
    [EVENT_SMI] = {0, 0, CPU_EVENT_SMI},
    [EVENT_INIT] = {0, 0, CPU_EVENT_INIT_EXIT},
    [EVENT_SIPI] = {0, 0, CPU_EVENT_SIPI_EXIT},
};

static void raise_event(struct rig *r, enum blocked_event event)
{
    struct cpu *c = &r->cpu;

    c->intr = event == EVENT_INTERRUPT || event == EVENT_INTERRUPT_EXIT;
    c->nmi = event == EVENT_NMI || event == EVENT_NMI_EXIT;
    c->smi = event == EVENT_SMI;
    c->init = event == EVENT_INIT;
    if (event == EVENT_SIPI)
        cpu_sipi(c, &r->mem, 0x10);
}

TEST_EACH(vmx_blocking, holds_off_exactly_what_the_table_says,
          struct blocking_row, blocking_rows)
{
    for (unsigned i = 0; i < EVENTS; i++) {
        bool blocked = row->blocked >> i & 1;
        struct rig r = {0};

        rig_init(&r);
        rig_set(&r, VMCS_PIN_CONTROLS, events[i].pin);
        rig_set(&r, VMCS_PRIMARY_CONTROLS, events[i].primary);
        vmcs_set(&r.vmcs, VMCS_GUEST_ACTIVITY, row->activity);
        vmcs_set(&r.vmcs, VMCS_GUEST_INTERRUPTIBILITY, row->blocking);
        vmcs_set(&r.vmcs, VMCS_GUEST_RFLAGS,
                 RFLAGS_FIXED | (row->if_0 ? 0 : RFLAGS_IF));
        rig_enter(&r);
        raise_event(&r, (enum blocked_event)i);
        EXPECT_EQ(cpu_recognize(&r.cpu),
                  blocked ? CPU_EVENT_NONE : events[i].taken, "event %u", i);
        rig_check(&r);
    }
}
