// The command of GCMD is carried out, as no request is in the unit.  Purely combinational.
module iommu_command (
  input  logic               esirtps_i,
  input  iommu_pkg::state_t  state_i,
  input  logic               run_i,
  output iommu_pkg::state_t  state_o,
  output logic               invalidate_o,  // the whole cache
  output logic [3:0]         warning_o      // iommu_pkg::warning_e
);
  logic        latches;
  logic [31:0] changed;
  logic        enables;
  logic        refused;  // QIE stays, as the queue is in use

  assign latches = run_i && state_i.command[iommu_pkg::Sirtp];
  assign invalidate_o = latches && esirtps_i;
  assign changed = (state_i.gsts ^ state_i.command) & iommu_pkg::LevelCommands;
  assign enables = changed[iommu_pkg::Qie] && state_i.command[iommu_pkg::Qie];
  assign refused = changed[iommu_pkg::Qie] && !state_i.command[iommu_pkg::Qie]
      && !(state_i.iqh == state_i.iqt && state_i.queue_waited
           && state_i.queue_state == iommu_pkg::QueueIdle);

  always_comb begin
    state_o = state_i;
    if (run_i) begin
      state_o.commanded = 1'b0;
      if (latches) state_o.latched = state_i.irta;
      state_o.gsts = state_i.gsts ^ changed;
      state_o.gsts[iommu_pkg::Srtp] = state_i.gsts[iommu_pkg::Srtp]
                                      || state_i.command[iommu_pkg::Srtp];
      state_o.gsts[iommu_pkg::Sirtp] = state_i.gsts[iommu_pkg::Sirtp]
                                       || state_i.command[iommu_pkg::Sirtp];
      if (refused) begin
        state_o.gsts[iommu_pkg::Qie] = 1'b1;
      end else if (changed[iommu_pkg::Qie]) begin
        state_o.iqh = 19'd0;
        state_o.queue_runs = enables;
        state_o.queue_waited = 1'b1;
      end
    end
  end

  always_comb begin
    warning_o = iommu_pkg::WarningNone;
    if (run_i && changed[iommu_pkg::Ire] && state_i.command[iommu_pkg::Ire]
        && !state_o.gsts[iommu_pkg::Sirtp]) warning_o = iommu_pkg::WarningNoTable;
    else if (run_i && refused) warning_o = iommu_pkg::WarningQueueInUse;
  end
endmodule
