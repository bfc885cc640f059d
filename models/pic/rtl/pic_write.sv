// A write to one 8259A: ICW1 to ICW4, OCW1 to OCW3.
module pic_write #(
  parameter bit Master
) (
  input  pic_pkg::state_t state_i,
  input  logic            valid_i,
  input  logic            a0_i,
  input  logic [7:0]      wdata_i,
  output pic_pkg::state_t state_o,
  output logic            icw1_o,
  output logic [pic_pkg::Warnings-1:0] warnings_o
);
  localparam logic [7:0] IsIcw1     = 8'(pic_regs_pkg::ICW1_SELECT_BITS);
  localparam logic [7:0] IsOcw3     = 8'(pic_regs_pkg::OCW3_SELECT_BITS);
  localparam logic [7:0] NoIdentity = 8'(pic_regs_pkg::ICW3_ID_BITS);

  logic       rotate;
  logic       specific;
  logic       eoi;
  logic       ends;       // a level's ISR bit goes
  logic [2:0] ended;
  logic       highest_found;
  logic [2:0] highest;
  logic [7:0] in_service;
  logic [1:0] last_init;

  assign rotate = |(wdata_i & 8'(pic_regs_pkg::OCW2_R_BITS));
  assign specific = |(wdata_i & 8'(pic_regs_pkg::OCW2_SL_BITS));
  assign eoi = |(wdata_i & 8'(pic_regs_pkg::OCW2_EOI_BITS));
  assign in_service = state_i.smm ? state_i.isr & ~state_i.imr : state_i.isr;
  assign last_init = state_i.ic4 ? pic_pkg::InitWantIcw4 : pic_pkg::InitIdle;

  pic_priority u_highest (
    .request_i(in_service), .block_i(8'd0), .pass_i(8'd0), .lowest_i(state_i.lowest),
    .found_o(highest_found), .level_o(highest)
  );
  assign ends = eoi && (specific || highest_found);
  assign ended = specific ? wdata_i[2:0] : highest;

  pic_pkg::state_t icw1;
  pic_pkg::state_t ocw2;
  pic_pkg::state_t ocw3;
  pic_pkg::state_t data;

  always_comb begin
    icw1 = state_i;
    icw1.edges = 8'd0;
    icw1.imr = 8'd0;
    icw1.isr = 8'd0;
    icw1.lowest = 3'd7;
    icw1.smm = 1'b0;
    icw1.read_isr = 1'b0;
    icw1.poll = 1'b0;
    icw1.rot_aeoi = 1'b0;
    if (!Master) icw1.icw3 = NoIdentity;
    icw1.ic4 = |(wdata_i & 8'(pic_regs_pkg::ICW1_IC4_BITS));
    icw1.sngl = |(wdata_i & 8'(pic_regs_pkg::ICW1_SNGL_BITS));
    icw1.init = pic_pkg::InitWantIcw2;
    if (!icw1.ic4) begin
      icw1.aeoi = 1'b0;
      icw1.sfnm = 1'b0;
    end
  end

  always_comb begin
    ocw2 = state_i;
    if (ends) begin
      ocw2.isr[ended] = 1'b0;
      if (rotate) ocw2.lowest = ended;
    end
    if (!eoi && specific && rotate) ocw2.lowest = wdata_i[2:0];
    if (!eoi && !specific) ocw2.rot_aeoi = rotate;
  end

  always_comb begin
    ocw3 = state_i;
    if (|(wdata_i & 8'(pic_regs_pkg::OCW3_P_BITS))) begin
      ocw3.poll = 1'b1;
    end else if (|(wdata_i & 8'(pic_regs_pkg::OCW3_RR_BITS))) begin
      ocw3.read_isr = |(wdata_i & 8'(pic_regs_pkg::OCW3_RIS_BITS));
    end
    if (|(wdata_i & 8'(pic_regs_pkg::OCW3_ESMM_BITS))) begin
      ocw3.smm = |(wdata_i & 8'(pic_regs_pkg::OCW3_SMM_BITS));
    end
  end

  always_comb begin
    data = state_i;
    unique case (state_i.init)
      pic_pkg::InitWantIcw2: begin
        data.base = wdata_i & 8'(pic_regs_pkg::ICW2_BASE_BITS);
        data.init = state_i.sngl ? last_init : pic_pkg::InitWantIcw3;
      end
      pic_pkg::InitWantIcw3: begin
        data.icw3 = Master ? wdata_i : wdata_i & NoIdentity;
        data.init = last_init;
      end
      pic_pkg::InitWantIcw4: begin
        data.aeoi = |(wdata_i & 8'(pic_regs_pkg::ICW4_AEOI_BITS));
        data.sfnm = |(wdata_i & 8'(pic_regs_pkg::ICW4_SFNM_BITS));
        data.init = pic_pkg::InitIdle;
      end
      default: data.imr = wdata_i;
    endcase
  end

  assign icw1_o = valid_i && !a0_i && (|(wdata_i & IsIcw1));

  always_comb begin
    warnings_o = '0;
    if (icw1_o) begin
      warnings_o[pic_pkg::WarnLtim] = |(wdata_i & 8'(pic_regs_pkg::ICW1_LTIM_BITS));
      warnings_o[pic_pkg::WarnNot8086] = !icw1.ic4;
    end else if (valid_i && !a0_i) begin
      warnings_o[pic_pkg::WarnOcwInInit] = state_i.init != pic_pkg::InitIdle;
      warnings_o[pic_pkg::WarnOcw3Reserved] = (|(wdata_i & IsOcw3))
          && (|(wdata_i & 8'(pic_regs_pkg::OCW3_ZERO_BITS)));
    end else if (valid_i && state_i.init == pic_pkg::InitWantIcw4) begin
      warnings_o[pic_pkg::WarnNot8086] = !(|(wdata_i & 8'(pic_regs_pkg::ICW4_UPM_BITS)));
      warnings_o[pic_pkg::WarnIcw4Reserved] = |(wdata_i & 8'(pic_regs_pkg::ICW4_ZERO_BITS));
      warnings_o[pic_pkg::WarnSfnmInSlave] = !Master && data.sfnm;
    end
  end

  always_comb begin
    state_o = state_i;
    if (valid_i && a0_i) state_o = data;
    else if (icw1_o) state_o = icw1;
    else if (valid_i && (|(wdata_i & IsOcw3))) state_o = ocw3;
    else if (valid_i) state_o = ocw2;
  end
endmodule
