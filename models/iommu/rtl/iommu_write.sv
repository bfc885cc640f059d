// Software writes a doubleword.  Purely combinational.
module iommu_write (
  input  logic        extended_i,       // ECAP.EIM
  input  logic        esirtps_i,
  input  iommu_pkg::state_t  state_i,
  input  logic        valid_i,
  input  logic [11:0] offset_i,         // aligned
  input  logic [31:0] wdata_i,
  output iommu_pkg::state_t  state_o,
  output logic        invalidate_o,     // the whole cache
  output logic        fault_event_o,    // is sent, as the next
  output logic        completion_event_o,
  output logic [3:0]  warning_o         // iommu_pkg::warning_e, of a command
);
  logic [31:0] offset;
  iommu_pkg::state_t stored;

  assign offset = {20'd0, offset_i};

  // ---- commands --------------------------------------------------------------------------------

  logic        commands;
  logic [31:0] asked;
  logic        several;
  iommu_pkg::state_t  asking;
  logic        runs;
  logic [3:0]  command_warning;

  assign commands = valid_i && offset == iommu_regs_pkg::GCMD_OFFSET;
  assign asked = (wdata_i & iommu_pkg::OneShots)
                 | ((state_i.gsts ^ wdata_i) & iommu_pkg::LevelCommands);
  assign several = |(asked & (asked - 32'd1));
  assign runs = commands && state_i.request_state == iommu_pkg::RequestIdle;

  // one-shot commands are 0 in GSTS until they are done; those that wait are not forgotten
  always_comb begin
    asking = stored;
    if (commands) begin
      asking.command = wdata_i;
      if (state_i.commanded) begin
        asking.command = wdata_i | (state_i.command & iommu_pkg::OneShots);
      end
      asking.commanded = 1'b1;
      asking.gsts = state_i.gsts & ~(asking.command & iommu_pkg::OneShots);
    end
  end

  iommu_command u_command (
    .esirtps_i, .state_i(asking), .run_i(runs), .state_o, .invalidate_o,
    .warning_o(command_warning)
  );

  always_comb begin
    warning_o = iommu_pkg::WarningNone;
    if (commands && several) warning_o = iommu_pkg::WarningSeveralCommands;
    if (command_warning != iommu_pkg::WarningNone) warning_o = command_warning;
  end

  // ---- registers -------------------------------------------------------------------------------

  // Bits that this unit has.
  logic [31:0] upper_writable;
  logic [63:0] irta_writable;
  assign upper_writable = extended_i ? iommu_regs_pkg::FEUADDR_WRITABLE : 32'd0;
  assign irta_writable = iommu_regs_pkg::IRTA_WRITABLE
      & ~(extended_i ? 64'd0 : {32'd0, iommu_regs_pkg::IRTA_EXTENDED_BITS});

  logic controls_fault;
  logic controls_completion;
  logic unmasks_fault;
  logic unmasks_completion;

  assign controls_fault = valid_i && offset == iommu_regs_pkg::FECTL_OFFSET;
  assign controls_completion = valid_i && offset == iommu_regs_pkg::IECTL_OFFSET;
  assign unmasks_fault = controls_fault && !wdata_i[31] && state_i.faulted.pending;
  assign unmasks_completion = controls_completion && !wdata_i[31] && state_i.completed.pending;
  assign fault_event_o = unmasks_fault;
  assign completion_event_o = unmasks_completion;

  logic [iommu_pkg::FaultsMax-1:0] clears;  // F of records

  always_comb begin
    for (int unsigned i = 0; i < iommu_pkg::FaultsMax; i++) begin
      clears[i] = valid_i && wdata_i[31]
                  && offset == iommu_regs_pkg::FRCD_HIGH_OFFSET + 32'd4 + 32'd16 * i;
    end
  end

  iommu_pkg::state_t written;

  always_comb begin
    written = state_i;
    if (valid_i) begin
      unique case (offset)
        iommu_regs_pkg::FSTS_OFFSET: begin
          if (wdata_i[0]) written.pfo = 1'b0;
          if (wdata_i[4]) written.iqe = 1'b0;
        end
        iommu_regs_pkg::FECTL_OFFSET: written.faulted.masked = wdata_i[31];
        iommu_regs_pkg::FEDATA_OFFSET:
          written.faulted.msg_data = 9'(wdata_i & iommu_regs_pkg::FEDATA_WRITABLE);
        iommu_regs_pkg::FEADDR_OFFSET:
          written.faulted.msg_addr = wdata_i & iommu_regs_pkg::FEADDR_WRITABLE;
        iommu_regs_pkg::FEUADDR_OFFSET: written.faulted.msg_upper = wdata_i & upper_writable;
        iommu_regs_pkg::IQT_OFFSET: begin
          written.iqt = 19'(wdata_i & iommu_regs_pkg::IQT_WRITABLE);
          written.queue_runs = state_i.gsts[iommu_pkg::Qie];
        end
        iommu_regs_pkg::IQA_OFFSET:
          written.iqa[31:0] = wdata_i & iommu_regs_pkg::IQA_WRITABLE[31:0];
        iommu_regs_pkg::IQA_OFFSET + 32'd4:
          written.iqa[63:32] = wdata_i & iommu_regs_pkg::IQA_WRITABLE[63:32];
        iommu_regs_pkg::ICS_OFFSET: if (wdata_i[0]) written.iwc = 1'b0;
        iommu_regs_pkg::IECTL_OFFSET: written.completed.masked = wdata_i[31];
        iommu_regs_pkg::IEDATA_OFFSET:
          written.completed.msg_data = 9'(wdata_i & iommu_regs_pkg::IEDATA_WRITABLE);
        iommu_regs_pkg::IEADDR_OFFSET:
          written.completed.msg_addr = wdata_i & iommu_regs_pkg::IEADDR_WRITABLE;
        iommu_regs_pkg::IEUADDR_OFFSET: written.completed.msg_upper = wdata_i & upper_writable;
        iommu_regs_pkg::IRTA_OFFSET: written.irta[31:0] = wdata_i & irta_writable[31:0];
        iommu_regs_pkg::IRTA_OFFSET + 32'd4: written.irta[63:32] = wdata_i & irta_writable[63:32];
        default: written.record_f = state_i.record_f & ~clears;
      endcase
    end
  end

  // an event whose causes software has cleared is pending no more
  always_comb begin
    stored = written;
    if (unmasks_fault || (!written.pfo && !written.iqe && written.record_f == '0)) begin
      stored.faulted.pending = 1'b0;
    end
    if (unmasks_completion || !written.iwc) stored.completed.pending = 1'b0;
  end
endmodule
