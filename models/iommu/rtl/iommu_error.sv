// An error of the invalidation queue: a cause of the fault event.  Purely combinational.
module iommu_error (
  input  iommu_pkg::state_t state_i,
  input  logic              valid_i,
  output iommu_pkg::state_t state_o,
  output logic              event_o  // the fault event is sent
);
  logic raises;  // no cause was pending

  assign raises = valid_i && !state_i.pfo && !state_i.iqe && state_i.record_f == '0;
  assign event_o = raises && !state_i.faulted.masked;

  always_comb begin
    state_o = state_i;
    if (valid_i) state_o.iqe = 1'b1;
    if (raises) state_o.faulted.pending = state_i.faulted.masked;
  end
endmodule
