/* The verilated remapping unit, for the node of a machine. */
#ifndef SIM_SC_IOMMU_TWIN_H
#define SIM_SC_IOMMU_TWIN_H

#ifdef __cplusplus
extern "C" {
#endif

struct iommu_node_config;
struct iommu_twin;

/* A twin after power-up, for machine_build_with(). */
struct iommu_twin iommu_twin_make(const struct iommu_node_config *c);

#ifdef __cplusplus
}
#endif

#endif
