// The invalidation queue goes on to its next descriptor, if there is one.  Purely combinational.
module iommu_fetch (
  input  iommu_pkg::state_t state_i,
  input  logic              run_i,
  output iommu_pkg::state_t state_o,
  output logic              beyond_o  // the tail is not in the queue
);
  logic goes_on;

  assign goes_on = run_i && state_i.queue_state == iommu_pkg::QueueIdle && state_i.queue_runs;
  assign beyond_o = goes_on && !state_i.iqe
                    && {1'b0, state_i.iqt} >= 20'h1000 << state_i.iqa[2:0];

  always_comb begin
    state_o = state_i;
    if (goes_on) begin
      if (state_i.iqe || state_i.iqh == state_i.iqt) state_o.queue_runs = 1'b0;
      else state_o.queue_state = iommu_pkg::QueueFetches;
    end
    if (beyond_o) begin
      state_o.queue_state = iommu_pkg::QueueIdle;
      state_o.queue_runs = 1'b0;
      state_o.iqercd = iommu_pkg::ErrorInvalidTail;
    end
  end
endmodule
