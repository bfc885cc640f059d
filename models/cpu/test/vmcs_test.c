/* A walk over vmcs_fields.def and exit_reasons.def. */
#include <string.h>

#include "models/cpu/test/cpu_rig.h"

static const struct field_row {
    const char *name;
    enum vmcs_field field;
    uint32_t encoding;
    bool writable;
} field_rows[] = {
#define VMCS_FIELD(name, encoding, writable, title)                            \
    {#name, VMCS_##name, encoding, writable},
#include "models/cpu/vmcs_fields.def"
#undef VMCS_FIELD
};

enum { TYPE_CONTROL, TYPE_READ_ONLY, TYPE_GUEST, TYPE_HOST };
enum { WIDTH_16, WIDTH_64, WIDTH_32, WIDTH_NATURAL };

static unsigned type_of(const struct field_row *row)
{
    return row->encoding >> 10 & 3;
}

static unsigned width_of(const struct field_row *row)
{
    return row->encoding >> 13 & 3;
}

static bool begins(const struct field_row *row, const char *with)
{
    return strncmp(row->name, with, strlen(with)) == 0;
}

TEST_EACH(vmcs_field, encoding_is_full_access_and_has_no_reserved_bit,
          struct field_row, field_rows)
{
    EXPECT_EQ(row->encoding & ~0x6ffeu, 0);
}

TEST_EACH(vmcs_field, encoding_names_one_field, struct field_row, field_rows)
{
    EXPECT_EQ(vmcs_encoding(row->field), row->encoding);
    EXPECT_EQ(vmcs_field_of(row->encoding), row->field);
    EXPECT_EQ(vmcs_field_of(row->encoding | 1), VMCS_FIELD_COUNT);
}

TEST_EACH(vmcs_field, is_read_only_exactly_if_its_type_says_so,
          struct field_row, field_rows)
{
    EXPECT_EQ(vmcs_field_writable(row->field), type_of(row) != TYPE_READ_ONLY);
}

TEST_EACH(vmcs_field, type_agrees_with_its_name, struct field_row, field_rows)
{
    bool guest = (begins(row, "GUEST_") && !begins(row, "GUEST_PHYSICAL")) ||
                 begins(row, "LINK_") || begins(row, "PREEMPTION_");
    bool exit_info = begins(row, "EXIT_") && !begins(row, "EXIT_CONTROLS");

    EXPECT_EQ(type_of(row) == TYPE_GUEST, guest);
    EXPECT_EQ(type_of(row) == TYPE_HOST, begins(row, "HOST_"));
    EXPECT_EQ(type_of(row) == TYPE_READ_ONLY,
              exit_info || begins(row, "IDT_VECTORING") ||
                  begins(row, "INSTRUCTION_ERROR") ||
                  begins(row, "GUEST_PHYSICAL"));
}

TEST_EACH(vmcs_field, vmread_gives_what_vmwrite_wrote_in_its_width,
          struct field_row, field_rows)
{
    static const uint64_t masks[] = {
        [WIDTH_16] = 0xffff,
        [WIDTH_64] = UINT64_MAX,
        [WIDTH_32] = 0xffffffff,
        [WIDTH_NATURAL] = UINT64_MAX,
    };
    uint64_t value = UINT64_C(0xfedcba9876543210);
    struct rig r = {0};

    if (!row->writable)
        return;
    rig_init(&r);
    r.cpu.gpr[RAX] = value;
    rig_op(&r, OP_VMWRITE, row->field);
    EXPECT_FALSE(r.cpu.vm_fail);
    r.cpu.gpr[RAX] = 0;
    rig_op(&r, OP_VMREAD, row->field);
    EXPECT_EQ(r.cpu.gpr[RAX], value & masks[width_of(row)]);
}

TEST_EACH(vmcs_field, vmwrite_to_a_read_only_one_fails_with_error_13,
          struct field_row, field_rows)
{
    struct rig r = {0};
    uint64_t before;

    if (row->writable)
        return;
    rig_init(&r);
    before = rig_get(&r, row->field);
    r.cpu.gpr[RAX] = 0x77;
    rig_op(&r, OP_VMWRITE, row->field);
    EXPECT_TRUE(r.cpu.vm_fail);
    EXPECT_EQ(rig_get(&r, VMCS_INSTRUCTION_ERROR), VMERR_READ_ONLY_FIELD);
    if (row->field != VMCS_INSTRUCTION_ERROR)
        EXPECT_EQ(rig_get(&r, row->field), before);
}

/* As the manual numbers them: the table itself is what is tested. */
static const struct sdm_row {
    const char *name;
    unsigned number;
} sdm_rows[] = {
    {"EXCEPTION_NMI", 0},
    {"EXTERNAL_INTERRUPT", 1},
    {"TRIPLE_FAULT", 2},
    {"INIT_SIGNAL", 3},
    {"SIPI", 4},
    {"INTERRUPT_WINDOW", 7},
    {"NMI_WINDOW", 8},
    {"HLT", 12},
    {"VMCALL", 18},
    {"CR_ACCESS", 28},
    {"MSR_READ", 31},
    {"MSR_WRITE", 32},
    {"INVALID_GUEST_STATE", 33},
    {"PAUSE", 40},
    {"TPR_BELOW_THRESHOLD", 43},
    {"APIC_ACCESS", 44},
    {"EOI_INDUCED", 45},
    {"GDTR_IDTR", 46},
    {"EPT_VIOLATION", 48},
    {"PREEMPTION_TIMER", 52},
    {"APIC_WRITE", 56},
};

TEST_EACH(exit_reason, has_its_number, struct sdm_row, sdm_rows)
{
    EXPECT_STREQ(exit_reason_name(row->number), row->name);
}

TEST(vmcs, after_vmclear_the_controls_pass_the_checks)
{
    struct rig r = {0};

    rig_init(&r);
    EXPECT_EQ(rig_launch(&r), VMERR_NONE);
    EXPECT_TRUE(r.vmcs.launched);
    vmcs_clear(&r.vmcs);
    EXPECT_FALSE(r.vmcs.launched);
}

static const struct reason_row {
    const char *name;
    unsigned number;
} reason_rows[] = {
#define EXIT_REASON(name, number, sentence) {#name, number},
#include "models/cpu/exit_reasons.def"
#undef EXIT_REASON
};

TEST_EACH(exit_reason, has_its_name, struct reason_row, reason_rows)
{
    ASSERT_LT(row->number, EXIT_REASON_LIMIT);
    EXPECT_STREQ(exit_reason_name(row->number), row->name);
}

TEST(exit_reasons, that_are_unused_have_no_name)
{
    EXPECT_STREQ(exit_reason_name(63), NULL);
    EXPECT_STREQ(exit_reason_name(EXIT_REASON_LIMIT), NULL);
}
