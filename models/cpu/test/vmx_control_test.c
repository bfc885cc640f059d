/* Controls that the processor allows, and those that need one another: which
 * VM entries fail with VM-instruction error 7. */
#include "models/cpu/test/cpu_rig.h"

#define VAPIC_AT UINT64_C(0x50000)
#define TOO_WIDE (UINT64_C(1) << PHYSICAL_ADDRESS_BITS)

#define X2APIC SECONDARY_VIRTUALIZE_X2APIC
#define ACCESSES SECONDARY_VIRTUALIZE_APIC_ACCESSES
#define REGISTERS SECONDARY_APIC_REGISTER_VIRTUALIZATION
#define VID SECONDARY_VIRTUAL_INTERRUPT_DELIVERY
#define IPIV TERTIARY_IPI_VIRTUALIZATION
#define TIMER TERTIARY_APIC_TIMER_VIRTUALIZATION

/* An entry with VTPR = 40h, its controls, and one field that the rule is
 * about; the default-1 bits are added. */
static const struct control_set {
    const char *name;
    uint32_t pin, primary, secondary, tertiary, exit;
    enum vmcs_field field;
    uint64_t value;
    bool legal;
} control_sets[] = {
#define SHADOW PRIMARY_TPR_SHADOW
#define EXT PIN_EXTERNAL_INTERRUPT_EXITING
#define POSTED (PIN_POSTED_INTERRUPTS | EXT)
#define ACK EXIT_CTL_ACKNOWLEDGE
#define NO_FIELD VMCS_VPID, 0
    {"nmi_exiting_0_needs_virtual_nmis_0", PIN_VIRTUAL_NMIS, 0, 0, 0, 0,
     NO_FIELD, false},
    {"virtual_nmis_0_needs_nmi_window_0", PIN_NMI_EXITING, PRIMARY_NMI_WINDOW,
     0, 0, 0, NO_FIELD, false},
    {"nmi_window_with_virtual_nmis", PIN_NMI_EXITING | PIN_VIRTUAL_NMIS,
     PRIMARY_NMI_WINDOW, 0, 0, 0, NO_FIELD, true},

    {"tpr_shadow", 0, SHADOW, 0, 0, 0, NO_FIELD, true},
    {"virtual_apic_address_unaligned", 0, SHADOW, 0, 0, 0,
     VMCS_VIRTUAL_APIC_ADDRESS, VAPIC_AT + 0x800, false},
    {"virtual_apic_address_too_wide", 0, SHADOW, 0, 0, 0,
     VMCS_VIRTUAL_APIC_ADDRESS, TOO_WIDE, false},
    {"virtual_apic_address_unused", 0, 0, 0, 0, 0, VMCS_VIRTUAL_APIC_ADDRESS,
     TOO_WIDE + 1, true},

    {"x2apic_needs_tpr_shadow", 0, 0, X2APIC, 0, 0, NO_FIELD, false},
    {"x2apic_with_tpr_shadow", 0, SHADOW, X2APIC, 0, 0, NO_FIELD, true},
    {"register_virtualization_needs_tpr_shadow", 0, 0, REGISTERS, 0, 0,
     NO_FIELD, false},
    {"register_virtualization_with_tpr_shadow", 0, SHADOW, REGISTERS, 0, 0,
     NO_FIELD, true},
    {"vid_needs_tpr_shadow", EXT, 0, VID, 0, 0, NO_FIELD, false},
    {"ipi_virtualization_needs_tpr_shadow", 0, 0, 0, IPIV, 0, NO_FIELD, false},

    {"threshold_bit_3_without_vid", 0, SHADOW, ACCESSES, 0, 0,
     VMCS_TPR_THRESHOLD, 0xf, true},
    {"threshold_bit_4_without_vid", 0, SHADOW, ACCESSES, 0, 0,
     VMCS_TPR_THRESHOLD, 0x10, false},
    {"threshold_bit_31_without_vid", 0, SHADOW, ACCESSES, 0, 0,
     VMCS_TPR_THRESHOLD, 0x80000000, false},
    {"threshold_is_not_looked_at_with_vid", EXT, SHADOW, VID, 0, 0,
     VMCS_TPR_THRESHOLD, 0x80000005, true},
    {"threshold_5_above_vtpr_40h", 0, SHADOW, 0, 0, 0, VMCS_TPR_THRESHOLD, 5,
     false},
    {"threshold_4_at_vtpr_40h", 0, SHADOW, 0, 0, 0, VMCS_TPR_THRESHOLD, 4,
     true},
    {"threshold_5_with_virtualized_accesses", 0, SHADOW, ACCESSES, 0, 0,
     VMCS_TPR_THRESHOLD, 5, true},
    {"threshold_unused_without_tpr_shadow", 0, 0, 0, 0, 0, VMCS_TPR_THRESHOLD,
     0x15, true},

    {"x2apic_and_apic_accesses", 0, SHADOW, X2APIC | ACCESSES, 0, 0, NO_FIELD,
     false},
    {"apic_accesses_without_tpr_shadow", 0, 0, ACCESSES, 0, 0, NO_FIELD, true},
    {"apic_access_address_unaligned", 0, 0, ACCESSES, 0, 0,
     VMCS_APIC_ACCESS_ADDRESS, 0x10, false},
    {"apic_access_address_too_wide", 0, 0, ACCESSES, 0, 0,
     VMCS_APIC_ACCESS_ADDRESS, TOO_WIDE, false},

    {"vid_needs_external_interrupt_exiting", 0, SHADOW, VID, 0, 0, NO_FIELD,
     false},
    {"vid_with_external_interrupt_exiting", EXT, SHADOW, VID, 0, 0, NO_FIELD,
     true},

    {"posted_interrupts", POSTED, SHADOW, VID, 0, ACK, NO_FIELD, true},
    {"posted_interrupts_need_vid", POSTED, SHADOW, 0, 0, ACK, NO_FIELD, false},
    {"posted_interrupts_need_acknowledge_on_exit", POSTED, SHADOW, VID, 0, 0,
     NO_FIELD, false},
    {"notification_vector_ffh", POSTED, SHADOW, VID, 0, ACK,
     VMCS_NOTIFICATION_VECTOR, 0xff, true},
    {"notification_vector_100h", POSTED, SHADOW, VID, 0, ACK,
     VMCS_NOTIFICATION_VECTOR, 0x100, false},
    {"descriptor_at_20h", POSTED, SHADOW, VID, 0, ACK,
     VMCS_POSTED_DESCRIPTOR_ADDRESS, 0x3020, false},
    {"descriptor_at_40h", POSTED, SHADOW, VID, 0, ACK,
     VMCS_POSTED_DESCRIPTOR_ADDRESS, 0x3040, true},
    {"descriptor_too_wide", POSTED, SHADOW, VID, 0, ACK,
     VMCS_POSTED_DESCRIPTOR_ADDRESS, TOO_WIDE, false},

    {"ipi_virtualization_without_vid", 0, SHADOW, 0, IPIV, 0, NO_FIELD, true},
    {"pid_table_unaligned", 0, SHADOW, 0, IPIV, 0,
     VMCS_PID_POINTER_TABLE_ADDRESS, 0x3004, false},
    {"pid_table_at_the_end", 0, SHADOW, 0, IPIV, 0,
     VMCS_PID_POINTER_TABLE_ADDRESS, TOO_WIDE - 8, true},
    {"pid_table_too_wide", 0, SHADOW, 0, IPIV, 0,
     VMCS_PID_POINTER_TABLE_ADDRESS, TOO_WIDE, false},

    {"pid_table_unused", 0, SHADOW, 0, 0, 0, VMCS_PID_POINTER_TABLE_ADDRESS, 1,
     true},
    {"notification_vector_unused", 0, 0, 0, 0, 0, VMCS_NOTIFICATION_VECTOR,
     0x100, true},
    {"apic_access_address_unused", 0, 0, 0, 0, 0, VMCS_APIC_ACCESS_ADDRESS, 1,
     true},
    {"virtual_timer_vector_unused", 0, 0, 0, 0, 0, VMCS_VIRTUAL_TIMER_VECTOR,
     0x100, true},

    {"apic_timer_needs_vid", 0, SHADOW, 0, TIMER, 0, NO_FIELD, false},
    {"apic_timer_with_vid", EXT, SHADOW, VID, TIMER, 0, NO_FIELD, true},
    {"apic_timer_needs_no_rdtsc_exiting", EXT, SHADOW | PRIMARY_RDTSC_EXITING,
     VID, TIMER, 0, NO_FIELD, false},
    {"virtual_timer_vector_100h", EXT, SHADOW, VID, TIMER, 0,
     VMCS_VIRTUAL_TIMER_VECTOR, 0x100, false},

    {"saved_timer_that_is_not_active", 0, 0, 0, 0,
     EXIT_CTL_SAVE_PREEMPTION_TIMER, NO_FIELD, false},
    {"saved_timer_that_is_active", PIN_PREEMPTION_TIMER, 0, 0, 0,
     EXIT_CTL_SAVE_PREEMPTION_TIMER, NO_FIELD, true},

    {"cr3_controls_may_be_0", 0, 0, 0, 0, 0, VMCS_PRIMARY_CONTROLS,
     PRIMARY_DEFAULT1 & ~PRIMARY_DEFAULT1_OPTIONAL, true},
    {"debug_controls_may_stay", 0, 0, 0, 0, 0, VMCS_ENTRY_CONTROLS,
     (ENTRY_CTL_DEFAULT1 & ~ENTRY_CTL_DEFAULT1_OPTIONAL) | ENTRY_CTL_GUEST_64,
     true},
    {"io_bitmap_a_unaligned", 0, PRIMARY_IO_BITMAPS, 0, 0, 0, VMCS_IO_BITMAP_A,
     0x800, false},
    {"io_bitmap_b_too_wide", 0, PRIMARY_IO_BITMAPS, 0, 0, 0, VMCS_IO_BITMAP_B,
     TOO_WIDE, false},
    {"io_bitmaps", 0, PRIMARY_IO_BITMAPS, 0, 0, 0, VMCS_IO_BITMAP_B, 0x3000,
     true},
    {"io_bitmap_unused", 0, PRIMARY_UNCONDITIONAL_IO, 0, 0, 0, VMCS_IO_BITMAP_A,
     1, true},
    {"msr_bitmap_too_wide", 0, PRIMARY_MSR_BITMAPS, 0, 0, 0, VMCS_MSR_BITMAP,
     TOO_WIDE, false},
};

static void set_controls(struct rig *r, const struct control_set *s)
{
    uint32_t activate = (s->secondary ? PRIMARY_SECONDARY : 0) |
                        (s->tertiary ? PRIMARY_TERTIARY : 0);

    mem_write32(&r->mem, VAPIC_AT + 0x80, 0x40);
    vmcs_set(&r->vmcs, VMCS_VIRTUAL_APIC_ADDRESS, VAPIC_AT);
    rig_set(r, VMCS_PIN_CONTROLS, s->pin);
    rig_set(r, VMCS_PRIMARY_CONTROLS, s->primary | activate);
    rig_set(r, VMCS_SECONDARY_CONTROLS, s->secondary);
    rig_set(r, VMCS_TERTIARY_CONTROLS, s->tertiary);
    rig_set(r, VMCS_EXIT_CONTROLS, s->exit);
    vmcs_set(&r->vmcs, s->field, s->value);
}

TEST_EACH(vm_entry, controls_that_need_others, struct control_set, control_sets)
{
    struct rig r = {0};

    rig_init(&r);
    set_controls(&r, row);
    EXPECT_EQ(rig_launch(&r), row->legal ? VMERR_NONE : VMERR_CONTROLS);
    EXPECT_EQ(rig_get(&r, VMCS_EXIT_REASON), 0, "no exit is recorded");
}

struct vm_entry_controls {
    struct rig r;
};

static void vm_entry_controls_setup(struct vm_entry_controls *f)
{
    rig_init(&f->r);
}

static void vm_entry_controls_teardown(struct vm_entry_controls *f)
{
    rig_check(&f->r);
}

TEST_F(vm_entry_controls, threshold_5_passes_at_vtpr_50h)
{
    set_controls(&f->r, &(struct control_set){.primary = PRIMARY_TPR_SHADOW,
                                              .field = VMCS_TPR_THRESHOLD,
                                              .value = 5});
    mem_write32(&f->r.mem, VAPIC_AT + 0x80, 0x50);
    EXPECT_EQ(rig_launch(&f->r), VMERR_NONE);
}

TEST_F(vm_entry_controls, last_entry_of_the_pid_table_must_be_reachable)
{
    struct control_set s = {.primary = PRIMARY_TPR_SHADOW,
                            .tertiary = TERTIARY_IPI_VIRTUALIZATION,
                            .field = VMCS_PID_POINTER_TABLE_ADDRESS,
                            .value = TOO_WIDE - 16};

    set_controls(&f->r, &s);
    vmcs_set(&f->r.vmcs, VMCS_LAST_PID_POINTER_INDEX, 2);
    EXPECT_EQ(rig_launch(&f->r), VMERR_CONTROLS);
    vmcs_set(&f->r.vmcs, VMCS_LAST_PID_POINTER_INDEX, 1);
    EXPECT_EQ(rig_launch(&f->r), VMERR_NONE);
}

/* VID counts as 0, although its bit is set. */
TEST_F(vm_entry_controls, posted_interrupts_need_secondary_controls_activated)
{
    struct control_set s = {.pin = PIN_POSTED_INTERRUPTS |
                                   PIN_EXTERNAL_INTERRUPT_EXITING,
                            .primary = PRIMARY_TPR_SHADOW,
                            .secondary = SECONDARY_VIRTUAL_INTERRUPT_DELIVERY,
                            .exit = EXIT_CTL_ACKNOWLEDGE,
                            .field = VMCS_VPID};
    uint64_t primary;

    set_controls(&f->r, &s);
    primary = rig_get(&f->r, VMCS_PRIMARY_CONTROLS);
    vmcs_set(&f->r.vmcs, VMCS_PRIMARY_CONTROLS,
             primary & ~(uint64_t)PRIMARY_SECONDARY);
    EXPECT_EQ(rig_launch(&f->r), VMERR_CONTROLS);
    vmcs_set(&f->r.vmcs, VMCS_PRIMARY_CONTROLS, primary);
    EXPECT_EQ(rig_launch(&f->r), VMERR_NONE);
}

TEST_F(vm_entry_controls, tertiary_controls_are_ignored_without_primary_17)
{
    vmcs_set(&f->r.vmcs, VMCS_TERTIARY_CONTROLS, UINT64_MAX);
    EXPECT_EQ(rig_launch(&f->r), VMERR_NONE);
    vmcs_init(&f->r.vmcs);
    vmcs_set(&f->r.vmcs, VMCS_TERTIARY_CONTROLS, 1);
    rig_set(&f->r, VMCS_PRIMARY_CONTROLS, PRIMARY_TERTIARY);
    EXPECT_EQ(rig_launch(&f->r), VMERR_CONTROLS);
}

TEST_F(vm_entry_controls, mov_ss_blocking_refuses_vmlaunch_first_of_all)
{
    bool failure;

    f->r.cpu.mov_ss_blocking = true;
    vmcs_set(&f->r.vmcs, VMCS_PIN_CONTROLS, 0);
    EXPECT_EQ(rig_entry(&f->r, OP_VMRESUME, &failure), VMERR_BLOCKED_BY_MOV_SS);
    EXPECT_EQ(rig_get(&f->r, VMCS_INSTRUCTION_ERROR), 26);
}

/* ---- capabilities ---- */

/* A processor with this feature alone missing. */
struct feature_row {
    const char *name;
    size_t at; /* in struct vmx_features */
    enum vmx_msr msr;
    uint64_t bits;
};

static const struct feature_row feature_rows[] = {
#define VMX_FEATURE(name, msr, bits, sentence)                                 \
    {#name, offsetof(struct vmx_features, name), VMX_MSR_##msr, bits},
#include "models/cpu/vmx_features.def"
#undef VMX_FEATURE
};

static struct vmx_features without(const struct feature_row *row)
{
    struct vmx_features f = vmx_all_features();

    ((bool *)&f)[row->at] = false;
    return f;
}

TEST_EACH(vmx_feature, allows_its_bits_and_nothing_else_does,
          struct feature_row, feature_rows)
{
    bool whole = row->msr == VMX_MSR_MISC || row->msr == VMX_MSR_TERTIARY ||
                 row->msr == VMX_MSR_BASIC;
    uint64_t bits = whole ? row->bits : row->bits << 32;
    struct vmx_capabilities with = vmx_capabilities_of(vmx_all_features(), 5);
    struct vmx_capabilities lack = vmx_capabilities_of(without(row), 5);

    EXPECT_EQ(with.msr[row->msr] & bits, bits);
    EXPECT_EQ(lack.msr[row->msr], with.msr[row->msr] & ~bits);
}

TEST_EACH(vmx_feature, that_is_missing_makes_the_entry_fail, struct feature_row,
          feature_rows)
{
    static const enum vmcs_field field[VMX_MSRS] = {
        [VMX_MSR_TRUE_PIN] = VMCS_PIN_CONTROLS,
        [VMX_MSR_TRUE_ENTRY] = VMCS_ENTRY_CONTROLS,
        [VMX_MSR_TRUE_PRIMARY] = VMCS_PRIMARY_CONTROLS,
        [VMX_MSR_SECONDARY] = VMCS_SECONDARY_CONTROLS,
        [VMX_MSR_TERTIARY] = VMCS_TERTIARY_CONTROLS,
    };
    struct rig r = {0};

    if (row->msr == VMX_MSR_MISC || row->msr == VMX_MSR_BASIC)
        return;
    rig_init(&r);
    r.cpu.vmx = vmx_capabilities_of(without(row), 5);
    rig_set(&r, VMCS_PRIMARY_CONTROLS, PRIMARY_SECONDARY | PRIMARY_TERTIARY);
    ASSERT_EQ(rig_launch(&r), VMERR_NONE);
    rig_init(&r);
    r.cpu.vmx = vmx_capabilities_of(without(row), 5);
    rig_set(&r, VMCS_PRIMARY_CONTROLS, PRIMARY_SECONDARY | PRIMARY_TERTIARY);
    rig_set(&r, field[row->msr], row->bits);
    EXPECT_EQ(rig_launch(&r), VMERR_CONTROLS);
}

TEST(vmx_capabilities, first_processors_have_no_secondary_controls_at_all)
{
    struct vmx_capabilities c =
        vmx_capabilities_of((struct vmx_features){0}, 0);
    uint64_t value;

    EXPECT_FALSE(vmx_rdmsr(&c, 0x48b, &value), "#GP(0)");
    EXPECT_FALSE(vmx_rdmsr(&c, 0x492, &value), "#GP(0)");
    EXPECT_TRUE(vmx_rdmsr(&c, 0x482, &value));
    EXPECT_FALSE(value >> 32 & (PRIMARY_SECONDARY | PRIMARY_TERTIARY |
                                PRIMARY_NMI_WINDOW | PRIMARY_TPR_SHADOW));
    EXPECT_TRUE(vmx_rdmsr(&c, 0x483, &value));
    EXPECT_FALSE(value >> 32 & EXIT_CTL_SAVE_PREEMPTION_TIMER);
}

/* May the control be 1 on a processor with these features? */
static bool allows(struct vmx_features f, enum vmx_msr msr, uint32_t bit)
{
    struct vmx_capabilities c = vmx_capabilities_of(f, 0);

    return c.msr[msr] >> 32 & bit;
}

TEST(vmx_capabilities, some_controls_come_with_others)
{
    struct vmx_features f = {.virtual_nmis = true};

    EXPECT_TRUE(allows(f, VMX_MSR_TRUE_PRIMARY, PRIMARY_NMI_WINDOW));
    EXPECT_FALSE(allows(f, VMX_MSR_TRUE_EXIT, EXIT_CTL_SAVE_PREEMPTION_TIMER));
    f = (struct vmx_features){.preemption_timer = true};
    EXPECT_FALSE(allows(f, VMX_MSR_TRUE_PRIMARY, PRIMARY_NMI_WINDOW));
    EXPECT_TRUE(allows(f, VMX_MSR_TRUE_EXIT, EXIT_CTL_SAVE_PREEMPTION_TIMER));
    f = (struct vmx_features){.load_uinv = true};
    EXPECT_TRUE(allows(f, VMX_MSR_TRUE_EXIT, EXIT_CTL_CLEAR_UINV));
    f = (struct vmx_features){.ept = true};
    EXPECT_FALSE(allows(f, VMX_MSR_TRUE_EXIT, EXIT_CTL_CLEAR_UINV));
    EXPECT_TRUE(allows(f, VMX_MSR_TRUE_PRIMARY, PRIMARY_SECONDARY));
    EXPECT_FALSE(allows(f, VMX_MSR_TRUE_PRIMARY, PRIMARY_TERTIARY));
    f = (struct vmx_features){.ipi_virtualization = true};
    EXPECT_FALSE(allows(f, VMX_MSR_TRUE_PRIMARY, PRIMARY_SECONDARY));
    EXPECT_TRUE(allows(f, VMX_MSR_TRUE_PRIMARY, PRIMARY_TERTIARY));
}

TEST(vmx_capabilities, basic_msr_describes_the_vmcs_region)
{
    struct vmx_capabilities c =
        vmx_capabilities_of((struct vmx_features){0}, 5);

    EXPECT_EQ(c.msr[VMX_MSR_BASIC], UINT64_C(0x0098100000000001),
              "revision 1, 4096 bytes, write-back, true controls");
    c = vmx_capabilities_of(vmx_all_features(), 5);
    EXPECT_EQ(c.msr[VMX_MSR_BASIC], UINT64_C(0x0598100000000001),
              "any error code, nested exceptions");
}

static uint64_t highest_index_with(struct vmx_features f)
{
    return vmx_capabilities_of(f, 5).msr[VMX_MSR_VMCS_ENUM];
}

TEST(vmx_capabilities, enumeration_has_the_highest_index_of_the_fields)
{
    EXPECT_EQ(highest_index_with(vmx_all_features()), 0x04e,
              "guest deadline shadow");
    EXPECT_EQ(highest_index_with((struct vmx_features){.tpr_shadow = true}),
              0x044, "secondary VM-exit controls");
}

TEST(vmx_capabilities, every_processor_can_trap_what_there_are_no_ops_for)
{
    static const uint32_t bits[] = {9, 10, 11, 23, 29};

    for (unsigned i = 0; i < sizeof bits / sizeof bits[0]; i++)
        EXPECT_TRUE(allows((struct vmx_features){0}, VMX_MSR_TRUE_PRIMARY,
                           1u << bits[i]));
}

TEST(vmx_capabilities, every_processor_can_offset_and_trap_the_tsc)
{
    EXPECT_TRUE(allows((struct vmx_features){0}, VMX_MSR_TRUE_PRIMARY,
                       PRIMARY_TSC_OFFSETTING));
    EXPECT_TRUE(allows((struct vmx_features){0}, VMX_MSR_TRUE_PRIMARY,
                       PRIMARY_RDTSC_EXITING));
}

TEST(vmx_capabilities, msrs_have_the_manuals_numbers_and_default_1_bits)
{
    struct vmx_capabilities c = vmx_capabilities_of(vmx_all_features(), 5);
    static const struct {
        uint32_t msr, low;
    } rows[] = {
        {0x481, 0x16},       {0x482, 0x0401e172}, {0x483, 0x00036dff},
        {0x484, 0x000011ff}, {0x48b, 0},          {0x48d, 0x16},
        {0x48e, 0x04006172}, {0x48f, 0x00036dfb}, {0x490, 0x000011fb},
    };
    uint64_t value;

    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        EXPECT_TRUE(vmx_rdmsr(&c, rows[i].msr, &value));
        EXPECT_EQ(value & UINT32_MAX, rows[i].low, "%x", rows[i].msr);
        EXPECT_EQ(value >> 32 & rows[i].low, rows[i].low, "%x", rows[i].msr);
    }
    EXPECT_TRUE(vmx_rdmsr(&c, 0x485, &value));
    EXPECT_EQ(value, 0x400001c5, "timer shift, activity states, zero length");
    EXPECT_TRUE(vmx_rdmsr(&c, 0x492, &value));
    EXPECT_EQ(value, 0x110);
    EXPECT_FALSE(vmx_rdmsr(&c, 0x47f, &value));
    EXPECT_FALSE(vmx_rdmsr(&c, 0x494, &value));
}
