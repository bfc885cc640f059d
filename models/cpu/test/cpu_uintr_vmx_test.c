/* User interrupts in VMX operation: which of SENDUIPI's accesses exit, and that
 * nothing has changed then; who saves UINV. */
#include "models/cpu/cpu_uintr.h"
#include "models/cpu/test/cpu_rig.h"

#define UITT_AT UINT64_C(0x50000)
#define UPID_AT UINT64_C(0x51040)
#define ACCESS_AT UINT64_C(0x52000) /* the APIC-access page */
#define READ 0x181u                 /* of a linear address, translated */
#define WRITE 0x182u

struct senduipi {
    struct rig r;
    struct uintr_sent sent;
};

static void put_entry(struct senduipi *f, uint64_t word, uint64_t upid)
{
    mem_write64(&f->r.mem, UITT_AT, word);
    mem_write64(&f->r.mem, UITT_AT + 8, upid);
}

static void senduipi_setup(struct senduipi *f)
{
    rig_init(&f->r);
    rig_set(&f->r, VMCS_PRIMARY_CONTROLS,
            PRIMARY_SECONDARY | PRIMARY_TPR_SHADOW);
    rig_set(&f->r, VMCS_SECONDARY_CONTROLS,
            SECONDARY_EPT | SECONDARY_VIRTUALIZE_APIC_ACCESSES);
    vmcs_set(&f->r.vmcs, VMCS_APIC_ACCESS_ADDRESS, ACCESS_AT);
    vmcs_set(&f->r.vmcs, VMCS_GUEST_CR4, CR4_UINTR);
    f->r.cpu.uintr.supported = true;
    f->r.cpu.uintr.tt = UITT_AT | UINTR_TT_ENABLE;
    put_entry(f, 5 << 8 | UITTE_VALID, UPID_AT);
    rig_enter(&f->r);
}

static void senduipi_teardown(struct senduipi *f)
{
    EXPECT_EQ(mem_read64(&f->r.mem, UPID_AT), 0, "no ON");
    EXPECT_EQ(mem_read64(&f->r.mem, UPID_AT + UPID_PUIR), 0);
    EXPECT_FALSE(f->sent.notify);
    rig_check(&f->r);
}

static void make_hole(struct senduipi *f, uint64_t at)
{
    f->r.vmcs.hole_base = at & ~UINT64_C(0xfff);
    f->r.vmcs.hole_bytes = MEM_PAGE_BYTES;
}

static struct cpu_result execute(struct senduipi *f, uint64_t index)
{
    struct op op = {.kind = OP_SENDUIPI, .reg = RAX};

    f->r.cpu.gpr[RAX] = index;
    return cpu_senduipi(&f->r.cpu, &f->r.mem, &op, &f->sent);
}

static void expect_exit(struct senduipi *f, enum exit_reason reason,
                        uint64_t qualification)
{
    uint64_t rip = f->r.cpu.rip;
    struct cpu_result r = execute(f, 0);

    ASSERT_EQ(r.outcome, CPU_EXITS);
    EXPECT_EQ(r.exit.reason, reason);
    EXPECT_EQ(r.exit.qualification, qualification);
    EXPECT_EQ(f->r.cpu.rip, rip, "fault-like");
}

TEST_F(senduipi, read_of_its_table_exits)
{
    make_hole(f, UITT_AT);
    expect_exit(f, EXIT_EPT_VIOLATION, READ);
}

TEST_F(senduipi, write_of_the_descriptor_exits)
{
    make_hole(f, UPID_AT);
    expect_exit(f, EXIT_EPT_VIOLATION, WRITE);
}

TEST_F(senduipi, descriptor_in_the_apic_access_page_exits)
{
    put_entry(f, 5 << 8 | UITTE_VALID, ACCESS_AT);
    expect_exit(f, EXIT_APIC_ACCESS, 1u << 12);
}

TEST_F(senduipi, index_beyond_the_table_faults_without_an_access)
{
    make_hole(f, UITT_AT);
    EXPECT_EQ(execute(f, 1).fault.vector, VECTOR_GP);
}

TEST_F(senduipi, wrong_entry_faults_without_an_access_of_its_descriptor)
{
    make_hole(f, UPID_AT);
    put_entry(f, 5 << 8, UPID_AT);
    EXPECT_EQ(execute(f, 0).fault.vector, VECTOR_GP);
}

/* ---- UINV ---- */

TEST_F(senduipi, uinv_is_saved_only_where_entries_can_load_it)
{
    uint64_t loads = (uint64_t)ENTRY_CTL_LOAD_UINV << 32;

    f->r.cpu.uintr.uinv = 0x61;
    cpu_vm_exit(&f->r.cpu, &(struct cpu_exit){.reason = EXIT_VMCALL});
    EXPECT_EQ(rig_get(&f->r, VMCS_GUEST_UINV), 0x61);
    f->r.cpu.vmx.msr[VMX_MSR_TRUE_ENTRY] &= ~loads;
    f->r.vmcs.launched = false;
    rig_enter(&f->r);
    f->r.cpu.uintr.uinv = 0x62;
    cpu_vm_exit(&f->r.cpu, &(struct cpu_exit){.reason = EXIT_VMCALL});
    EXPECT_EQ(rig_get(&f->r, VMCS_GUEST_UINV), 0x61, "as it was");
}
