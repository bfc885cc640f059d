/*
 * Source-ids (requester IDs): who a request says that it is from.
 *
 * A switch of PCI Express passes them on.  Conventional PCI has none: the
 * bridge to it makes requests of its own of what comes from behind it.
 */
#ifndef MODELS_PCIE_SOURCE_ID_H
#define MODELS_PCIE_SOURCE_ID_H

#include <stdint.h>

#define SOURCE_ID_BUS_SHIFT 8
#define SOURCE_ID_DEVICE_SHIFT 3
#define SOURCE_ID_FUNCTIONS 8u /* of a device */

static inline uint16_t source_id(unsigned bus, unsigned device,
                                 unsigned function)
{
    return (uint16_t)(bus << SOURCE_ID_BUS_SHIFT |
                      device << SOURCE_ID_DEVICE_SHIFT | function);
}

/* What a bridge to PCI takes over: its secondary bus, device 0, function 0. */
static inline uint16_t source_id_of_pci(unsigned secondary_bus)
{
    return source_id(secondary_bus, 0, 0);
}

#endif
