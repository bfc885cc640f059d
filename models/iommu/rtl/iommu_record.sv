// A fault is recorded, unless a record stands for it already or none is free.  Purely
// combinational.
module iommu_record (
  input  logic [4:0]         faults_i,  // fault records
  input  logic               compress_i,
  input  iommu_pkg::state_t  state_i,   // with the request's source and interrupt_index
  input  logic               valid_i,
  input  logic [7:0]         reason_i,  // iommu_pkg::fault_e
  output iommu_pkg::state_t  state_o,
  output logic               recorded_o,
  output logic               event_o    // the fault event is sent
);
  logic absorbed;
  logic free;
  logic raises;

  always_comb begin
    absorbed = 1'b0;
    for (int unsigned i = 0; i < iommu_pkg::FaultsMax; i++) begin
      if (compress_i && state_i.record_f[i]
          && state_i.record_sid[16*i +: 16] == state_i.sid) absorbed = 1'b1;
    end
  end

  assign free = !state_i.record_f[state_i.next_record];
  assign recorded_o = valid_i && !state_i.pfo && !absorbed && free;
  assign raises = recorded_o && !state_i.iqe && state_i.record_f == '0;
  assign event_o = raises && !state_i.faulted.masked;

  logic [15:0] index;  // of the request; for some reasons there is none

  always_comb begin
    index = state_i.index[15:0];
    if (reason_i == iommu_pkg::FaultRequestReserved
        || reason_i == iommu_pkg::FaultFormatBlocked) index = 16'd0;
  end

  always_comb begin
    state_o = state_i;
    if (valid_i && !absorbed && !free) state_o.pfo = 1'b1;
    if (recorded_o) begin
      if (state_i.record_f == '0) state_o.fri = {4'd0, state_i.next_record};
      for (int unsigned i = 0; i < iommu_pkg::FaultsMax; i++) begin
        if (state_i.next_record == 4'(i)) begin
          state_o.record_f[i] = 1'b1;
          state_o.record_reason[8*i +: 8] = reason_i;
          state_o.record_index[16*i +: 16] = index;
          state_o.record_sid[16*i +: 16] = state_i.sid;
        end
      end
      state_o.next_record = {1'b0, state_i.next_record} + 5'd1 == faults_i
          ? 4'd0 : state_i.next_record + 4'd1;
    end
    if (raises) state_o.faulted.pending = state_i.faulted.masked;
  end
endmodule
