/* A guest whose APIC is virtualized, on the rig of cpu_rig.h: the controls of
 * one test, the virtual-APIC page, a descriptor and a PID-pointer table. */
#ifndef MODELS_CPU_TEST_VAPIC_RIG_H
#define MODELS_CPU_TEST_VAPIC_RIG_H

#include "models/cpu/test/cpu_rig.h"
#include "models/cpu/vapic.h"

#define VAPIC_AT UINT64_C(0x50000)
#define PID_AT UINT64_C(0x51040)
#define OTHER_PID_AT UINT64_C(0x51080)
#define PIDS_AT UINT64_C(0x52008)
#define ACCESS_AT UINT64_C(0xfee00000)
#define NOTIFICATION 0xf2u
#define POSTER_NV 0xf3u /* the descriptors' NV: for posters only */
#define LAST_ID 3u

/* Secondary controls by the page's short names. */
#define AA SECONDARY_VIRTUALIZE_APIC_ACCESSES
#define X2 SECONDARY_VIRTUALIZE_X2APIC
#define REG SECONDARY_APIC_REGISTER_VIRTUALIZATION
#define VID SECONDARY_VIRTUAL_INTERRUPT_DELIVERY

struct vapic {
    struct rig r;
};

static inline uint32_t page_get(struct vapic *f, uint32_t offset)
{
    return mem_read32(&f->r.mem, VAPIC_AT + offset);
}

static inline void page_put(struct vapic *f, uint32_t offset, uint32_t value)
{
    mem_write32(&f->r.mem, VAPIC_AT + offset, value);
}

static inline void page_set(struct vapic *f, uint32_t array, uint8_t vector)
{
    uint32_t at = array + 0x10u * (vector / 32u);

    page_put(f, at, page_get(f, at) | 1u << vector % 32);
}

static inline bool page_has(struct vapic *f, uint32_t array, uint8_t vector)
{
    return page_get(f, array + 0x10u * (vector / 32u)) >> vector % 32 & 1;
}

static inline void vapic_controls(struct vapic *f, uint32_t secondary)
{
    struct vmcs *v = &f->r.vmcs;

    rig_set(&f->r, VMCS_PIN_CONTROLS, PIN_EXTERNAL_INTERRUPT_EXITING);
    rig_set(&f->r, VMCS_PRIMARY_CONTROLS,
            PRIMARY_TPR_SHADOW | PRIMARY_SECONDARY | PRIMARY_MSR_BITMAPS);
    vmcs_set(v, VMCS_SECONDARY_CONTROLS, secondary);
}

static inline void vapic_use_posted(struct vapic *f)
{
    rig_set(&f->r, VMCS_PIN_CONTROLS, PIN_POSTED_INTERRUPTS);
    rig_set(&f->r, VMCS_EXIT_CONTROLS, EXIT_CTL_ACKNOWLEDGE);
}

static inline void vapic_use_ipiv(struct vapic *f)
{
    rig_set(&f->r, VMCS_PRIMARY_CONTROLS, PRIMARY_TERTIARY);
    rig_set(&f->r, VMCS_TERTIARY_CONTROLS, TERTIARY_IPI_VIRTUALIZATION);
}

static inline void vapic_setup(struct vapic *f)
{
    struct vmcs *v = &f->r.vmcs;

    rig_init(&f->r);
    vmcs_set(v, VMCS_MSR_BITMAP, MSR_BITMAP_AT);
    vmcs_set(v, VMCS_VIRTUAL_APIC_ADDRESS, VAPIC_AT);
    vmcs_set(v, VMCS_APIC_ACCESS_ADDRESS, ACCESS_AT);
    vmcs_set(v, VMCS_POSTED_DESCRIPTOR_ADDRESS, PID_AT);
    vmcs_set(v, VMCS_NOTIFICATION_VECTOR, NOTIFICATION);
    vmcs_set(v, VMCS_PID_POINTER_TABLE_ADDRESS, PIDS_AT);
    vmcs_set(v, VMCS_LAST_PID_POINTER_INDEX, LAST_ID);
    mem_write64(&f->r.mem, PIDS_AT, PID_AT | 1);
    mem_write64(&f->r.mem, PIDS_AT + 8 * LAST_ID, OTHER_PID_AT | 1);
    mem_write64(&f->r.mem, OTHER_PID_AT + PID_CONTROL,
                POSTER_NV << PID_NV_SHIFT | UINT64_C(0x300) << PID_NDST_SHIFT);
}

static inline void vapic_teardown(struct vapic *f)
{
    rig_check(&f->r);
}

/* VM entry with these controls and this guest interrupt status. */
static inline void vapic_run(struct vapic *f, uint32_t secondary, uint8_t rvi,
                             uint8_t svi)
{
    vapic_controls(f, secondary);
    vmcs_set(&f->r.vmcs, VMCS_GUEST_INTERRUPT_STATUS, rvi | (uint64_t)svi << 8);
    rig_enter(&f->r);
}

static inline void vapic_leave_guest(struct vapic *f)
{
    cpu_vm_exit(&f->r.cpu, &(struct cpu_exit){.reason = EXIT_VMCALL});
}

static inline void vapic_reenter(struct vapic *f)
{
    bool failure;

    ASSERT_EQ(rig_entry(&f->r, OP_VMRESUME, &failure), VMERR_NONE);
    ASSERT_FALSE(failure);
}

static inline uint64_t vapic_status(const struct vapic *f)
{
    return f->r.cpu.vapic.rvi | (uint64_t)f->r.cpu.vapic.svi << 8;
}

static inline bool vapic_recognized(const struct vapic *f)
{
    return f->r.cpu.vapic.recognized;
}

static inline void vapic_if(struct vapic *f, bool enabled)
{
    f->r.cpu.rflags = RFLAGS_FIXED | (enabled ? RFLAGS_IF : 0);
}

/* A 32-bit store to the APIC-access page, with what follows it. */
static inline struct vapic_out page_store(struct vapic *f, uint16_t offset,
                                          uint32_t value)
{
    struct vapic_access a = {offset, 4, VAPIC_WRITE, value};

    EXPECT_TRUE(vapic_virtualizes(&f->r.cpu, &a), "offset %x", offset);
    vapic_write(&f->r.cpu, &f->r.mem, &a);
    return vapic_complete(&f->r.cpu, &f->r.mem);
}

static inline bool page_serves(const struct vapic *f, uint16_t offset,
                               uint8_t bytes, enum vapic_access_type type)
{
    struct vapic_access a = {offset, bytes, (uint8_t)type, 0};

    return vapic_virtualizes(&f->r.cpu, &a);
}

static inline struct vapic_out wrmsr(struct vapic *f, uint32_t msr,
                                     uint64_t value)
{
    EXPECT_TRUE(vapic_has_wrmsr(&f->r.cpu, msr), "MSR %x", msr);
    return vapic_wrmsr(&f->r.cpu, &f->r.mem, msr, value);
}

#define EXPECT_NO_EXIT(out) EXPECT_FALSE((out).exits || (out).gp)
#define EXPECT_TRAP(out, reason_, qualification_)                              \
    do {                                                                       \
        struct vapic_out trap = out;                                           \
                                                                               \
        EXPECT_FALSE(trap.gp);                                                 \
        ASSERT_TRUE(trap.exits);                                               \
        EXPECT_EQ(trap.exit.reason, reason_);                                  \
        EXPECT_EQ(trap.exit.qualification, qualification_);                    \
        EXPECT_EQ(trap.exit.instruction_length, 0, "trap-like");               \
    } while (0)

#endif
