/*
 * The C headers of the nodes for which a twin can act, for C++.  They are C11:
 * leaving members out of a designated initializer, and a function with the name
 * of a struct, are no mistakes there, but warnings in C++.
 */
#ifndef SIM_SC_NODES_C_H
#define SIM_SC_NODES_C_H

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#pragma GCC diagnostic ignored "-Wshadow"
extern "C" {
#include "models/ioapic/ioapic_node.h"
#include "models/iommu/iommu_node.h"
#include "models/lapic/lapic_node.h"
#include "models/pic/pic_node.h"
}
#pragma GCC diagnostic pop

#endif
