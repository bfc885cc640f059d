/* A guest on the rig of guest_rig.h whose x2APIC is virtualized, with posted
 * interrupts and IPI virtualization. */
#ifndef MODELS_CPU_TEST_VAPIC_NODE_RIG_H
#define MODELS_CPU_TEST_VAPIC_NODE_RIG_H

#include "models/cpu/test/guest_rig.h"
#include "models/cpu/vapic.h"

#define VAPIC_AT UINT64_C(0x50000)
#define PID_AT UINT64_C(0x51040)
#define UPID_AT UINT64_C(0x53000)
#define UITT_AT UINT64_C(0x53100)
#define OTHER_PID_AT UINT64_C(0x51080)
#define PIDS_AT UINT64_C(0x52000)
#define NOTIFICATION 0xf2u

static inline void guest_vapic_init(struct guest_rig *g)
{
    guest_init(g);
    guest_set(g, VMCS_PIN_CONTROLS,
              PIN_EXTERNAL_INTERRUPT_EXITING | PIN_POSTED_INTERRUPTS);
    guest_set(g, VMCS_PRIMARY_CONTROLS,
              PRIMARY_TPR_SHADOW | PRIMARY_SECONDARY | PRIMARY_TERTIARY);
    guest_put(g, VMCS_SECONDARY_CONTROLS,
              SECONDARY_VIRTUALIZE_X2APIC |
                  SECONDARY_APIC_REGISTER_VIRTUALIZATION |
                  SECONDARY_VIRTUAL_INTERRUPT_DELIVERY);
    guest_put(g, VMCS_TERTIARY_CONTROLS, TERTIARY_IPI_VIRTUALIZATION);
    guest_set(g, VMCS_EXIT_CONTROLS, EXIT_CTL_ACKNOWLEDGE);
    guest_put(g, VMCS_VIRTUAL_APIC_ADDRESS, VAPIC_AT);
    guest_put(g, VMCS_APIC_ACCESS_ADDRESS, APIC_AT);
    guest_put(g, VMCS_POSTED_DESCRIPTOR_ADDRESS, PID_AT);
    guest_put(g, VMCS_NOTIFICATION_VECTOR, NOTIFICATION);
    guest_put(g, VMCS_PID_POINTER_TABLE_ADDRESS, PIDS_AT);
    guest_put(g, VMCS_LAST_PID_POINTER_INDEX, 1);
    mem_write64(&g->r.mem, PIDS_AT + 8, OTHER_PID_AT | 1);
    mem_write64(&g->r.mem, OTHER_PID_AT + PID_CONTROL,
                UINT64_C(0xf3) << PID_NV_SHIFT | UINT64_C(0x300)
                                                     << PID_NDST_SHIFT);
    g->r.vmcs.ipi_source = SOURCE_B;
    posted_irqs_add(&g->r.posted, PID_AT);
    posted_irqs_add(&g->r.posted, OTHER_PID_AT);
}

/* Handlers of 31h and 41h, then the guest begins. */
static inline void guest_with_handlers(struct guest_rig *g)
{
    rig_handler(&g->r, 0x31);
    rig_handler(&g->r, 0x41);
    guest_begins(g);
}

/* A device's interrupt is posted, as a remapper would do it. */
static inline irq_id guest_post(struct guest_rig *g, uint8_t vector)
{
    irq_id irq = irq_birth(&g->r.irqs, SOURCE_A, HOP_MSI_WRITE,
                           engine_now(&g->r.engine));

    pid_post(&g->r.mem, PID_AT, vector, false);
    posted_irqs_put(&g->r.posted, PID_AT, vector, irq);
    return irq;
}

static inline uint64_t guest_on(struct guest_rig *g)
{
    return mem_read64(&g->r.mem, PID_AT + PID_CONTROL) & PID_ON;
}

#endif
