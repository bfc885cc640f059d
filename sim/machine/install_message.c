/* How drivers program what a device writes to signal. */
#include "sim/machine/machine_private.h"

void message_program_msix(struct nic_node *d, unsigned k,
                          const struct message_signal *s)
{
    uint32_t entry = message_entry(k);

    nic_node_write(d, entry, 4, s->addr);
    nic_node_write(d, entry + 4, 4, 0);
    nic_node_write(d, entry + 8, 4, s->data);
    nic_node_write(d, entry + 12, 4, 0);
    pcie_node_config_write(&d->fn, PCIE_AT_MSIX_CONTROL, 2, PCIE_MSIX_ENABLE);
}

void message_program_msi(struct nic_node *d, unsigned granted,
                         const struct message_signal *s)
{
    const struct pcie *p = &d->fn.pcie;
    unsigned mme = (unsigned)__builtin_ctz(granted);
    unsigned upper = pcie_reg_at(p, PCIE_MSI_UPPER_ADDRESS);

    pcie_node_config_write(&d->fn, PCIE_AT_MSI_ADDRESS, 4, s->addr);
    if (upper)
        pcie_node_config_write(&d->fn, upper, 4, 0);
    pcie_node_config_write(&d->fn, pcie_reg_at(p, PCIE_MSI_DATA), 2, s->data);
    pcie_node_config_write(&d->fn, PCIE_AT_MSI_CONTROL, 2,
                           PCIE_MSI_ENABLE | mme << PCIE_MSI_MME_SHIFT);
}
