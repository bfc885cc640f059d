// Registers as software reads them, a doubleword at each multiple of 4.  Purely combinational.
module iommu_view (
  input  iommu_pkg::capabilities_t caps_i,
  input  iommu_pkg::state_t  state_i,
  output logic [64*32-1:0]   regs_o,    // from offset 0 on
  output logic [128*iommu_pkg::FaultsMax-1:0] records_o
);
  logic [63:0] cap;
  logic [63:0] ecap;
  logic [31:0] fsts;

  always_comb begin
    cap = 64'd0;
    cap[7] = caps_i.caching;
    cap[33:24] = iommu_regs_pkg::FRCD_LOW_OFFSET[13:4];
    cap[47:40] = {3'd0, caps_i.faults} - 8'd1;
    cap[59] = caps_i.posting;
    cap[62] = caps_i.esirtps;
    ecap = 64'd0;
    ecap[0] = caps_i.coherent;
    ecap[1] = 1'b1;  // QI
    ecap[3] = 1'b1;  // IR
    ecap[4] = caps_i.extended;
    ecap[23:20] = caps_i.mhmv;
    fsts = {16'd0, state_i.fri, 3'd0, state_i.iqe, 2'd0, |state_i.record_f, state_i.pfo};
  end

  always_comb begin
    regs_o = '0;
    regs_o[8*iommu_regs_pkg::VER_OFFSET +: 32] = iommu_regs_pkg::VER_RESET;
    regs_o[8*iommu_regs_pkg::CAP_OFFSET +: 64] = cap;
    regs_o[8*iommu_regs_pkg::ECAP_OFFSET +: 64] = ecap;
    regs_o[8*iommu_regs_pkg::GSTS_OFFSET +: 32] = state_i.gsts;
    regs_o[8*iommu_regs_pkg::FSTS_OFFSET +: 32] = fsts;
    regs_o[8*iommu_regs_pkg::FECTL_OFFSET +: 32] =
        {state_i.faulted.masked, state_i.faulted.pending, 30'd0};
    regs_o[8*iommu_regs_pkg::FEDATA_OFFSET +: 32] = {23'd0, state_i.faulted.msg_data};
    regs_o[8*iommu_regs_pkg::FEADDR_OFFSET +: 32] = state_i.faulted.msg_addr;
    regs_o[8*iommu_regs_pkg::FEUADDR_OFFSET +: 32] = state_i.faulted.msg_upper;
    regs_o[8*iommu_regs_pkg::IQH_OFFSET +: 32] = {13'd0, state_i.iqh};
    regs_o[8*iommu_regs_pkg::IQT_OFFSET +: 32] = {13'd0, state_i.iqt};
    regs_o[8*iommu_regs_pkg::IQA_OFFSET +: 64] = state_i.iqa;
    regs_o[8*iommu_regs_pkg::ICS_OFFSET +: 32] = {31'd0, state_i.iwc};
    regs_o[8*iommu_regs_pkg::IECTL_OFFSET +: 32] =
        {state_i.completed.masked, state_i.completed.pending, 30'd0};
    regs_o[8*iommu_regs_pkg::IEDATA_OFFSET +: 32] = {23'd0, state_i.completed.msg_data};
    regs_o[8*iommu_regs_pkg::IEADDR_OFFSET +: 32] = state_i.completed.msg_addr;
    regs_o[8*iommu_regs_pkg::IEUADDR_OFFSET +: 32] = state_i.completed.msg_upper;
    regs_o[8*iommu_regs_pkg::IQERCD_OFFSET +: 32] = {28'd0, state_i.iqercd};
    regs_o[8*iommu_regs_pkg::IRTA_OFFSET +: 64] = state_i.irta;
  end

  always_comb begin
    records_o = '0;
    for (int unsigned i = 0; i < iommu_pkg::FaultsMax; i++) begin
      records_o[128*i+48 +: 16] = state_i.record_index[16*i +: 16];
      records_o[128*i+64 +: 16] = state_i.record_sid[16*i +: 16];
      records_o[128*i+96 +: 8] = state_i.record_reason[8*i +: 8];
      records_o[128*i+127] = state_i.record_f[i];
    end
  end

  logic unused_state;
  assign unused_state = ^{state_i.latched, state_i.commanded, state_i.command,
                          state_i.next_record, state_i.request_state, state_i.sid, state_i.index,
                          state_i.entry, state_i.queue_state, state_i.queue_runs,
                          state_i.queue_waited, state_i.descriptor};
endmodule
