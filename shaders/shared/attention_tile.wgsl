// Softmax attention of 16 rows over blocks of 64 slots (online softmax: arXiv:2205.14135, algorithm 1). Four
// neighbouring invocations, a team, hold the 16 rows, four rows each, and read the same slot: GPUs and software
// adapters both like neighbours that read one address, or addresses side by side. The sixteen teams share a block's
// slots for the scores, and the columns of the result for the mean of the values.
// Needs: N_VEC4, a quarter of the head width, up to 32; bounds(row), the slots first … end − 1 that a row sees, none
// past the last row (values must be finite: those that one of the sixteen rows sees meet the others with a weight of
// 0); query4(row, d), scaled; key4(slot, d); value4(slot, d); keep(row, d, value).

const SLOTS: u32 = 64u;
const ROWS: u32 = 16u;
const TEAMS: u32 = 16u;
// Sixteen rows and a gap, so that the teams of 32 invocations fall into different banks.
const STRIDE: u32 = 20u;
const NEVER: vec4<f32> = vec4<f32>(-3.0e38);

var<workgroup> sh_query: array<f32, N_VEC4 * 4u * ROWS>;
var<workgroup> sh_weights: array<f32, SLOTS * STRIDE>;
// Per team and row: a maximum, at the end a sum.
var<workgroup> sh_parts: array<f32, TEAMS * ROWS>;

// One column of the queries of an invocation's four rows.
fn queries(at: u32) -> vec4<f32> {
    return vec4<f32>(sh_query[at], sh_query[at + 4u], sh_query[at + 8u], sh_query[at + 12u]);
}

fn weights(at: u32) -> vec4<f32> {
    return vec4<f32>(sh_weights[at], sh_weights[at + 4u], sh_weights[at + 8u], sh_weights[at + 12u]);
}

fn parts(at: u32) -> vec4<f32> {
    return vec4<f32>(sh_parts[at], sh_parts[at + 4u], sh_parts[at + 8u], sh_parts[at + 12u]);
}

fn set_weights(at: u32, value: vec4<f32>) {
    sh_weights[at] = value.x;
    sh_weights[at + 4u] = value.y;
    sh_weights[at + 8u] = value.z;
    sh_weights[at + 12u] = value.w;
}

fn set_parts(at: u32, value: vec4<f32>) {
    sh_parts[at] = value.x;
    sh_parts[at + 4u] = value.y;
    sh_parts[at + 8u] = value.z;
    sh_parts[at + 12u] = value.w;
}

// Four columns of one key with four rows of queries: a row per component.
fn products(a: vec4<f32>, b: vec4<f32>, c: vec4<f32>, d: vec4<f32>, key: vec4<f32>) -> vec4<f32> {
    return a * key.x + b * key.y + c * key.z + d * key.w;
}

// A matrix has four columns of the result per row.
fn outer(weight: vec4<f32>, value: vec4<f32>) -> mat4x4<f32> {
    return mat4x4<f32>(value * weight.x, value * weight.y, value * weight.z, value * weight.w);
}

fn decayed(m: mat4x4<f32>, by: vec4<f32>) -> mat4x4<f32> {
    return mat4x4<f32>(m[0] * by.x, m[1] * by.y, m[2] * by.z, m[3] * by.w);
}

fn attend(local: u32, first_row: u32) {
    let lane = local % 4u;
    let team = local / 4u;
    for (var i = local; i < ROWS * N_VEC4; i += 64u) {
        let query = query4(first_row + i % ROWS, i / ROWS);
        let at = i / ROWS * 4u * ROWS + i % ROWS;
        sh_query[at] = query.x;
        sh_query[at + ROWS] = query.y;
        sh_query[at + 2u * ROWS] = query.z;
        sh_query[at + 3u * ROWS] = query.w;
    }
    var begin = 0xffffffffu;
    var end = 0u;
    for (var i = 0u; i < ROWS; i++) {
        let seen = bounds(first_row + i);
        begin = min(begin, seen.x);
        end = max(end, seen.y);
    }
    let row = first_row + lane;
    let seen0 = bounds(row);
    let seen1 = bounds(row + 4u);
    let seen2 = bounds(row + 8u);
    let seen3 = bounds(row + 12u);
    let firsts = vec4<u32>(seen0.x, seen1.x, seen2.x, seen3.x);
    let ends = vec4<u32>(seen0.y, seen1.y, seen2.y, seen3.y);

    var maximum = NEVER;
    var total = vec4<f32>(0.0);
    var low: mat4x4<f32>;
    var high: mat4x4<f32>;
    workgroupBarrier();
    for (var block = begin; block < end; block += SLOTS) {
        let slot0 = block + team;
        let slot1 = slot0 + TEAMS;
        let slot2 = slot1 + TEAMS;
        let slot3 = slot2 + TEAMS;
        var score0 = vec4<f32>(0.0);
        var score1 = vec4<f32>(0.0);
        var score2 = vec4<f32>(0.0);
        var score3 = vec4<f32>(0.0);
        for (var d = 0u; d < N_VEC4; d++) {
            let at = d * 4u * ROWS + lane;
            let a = queries(at);
            let b = queries(at + ROWS);
            let c = queries(at + 2u * ROWS);
            let e = queries(at + 3u * ROWS);
            score0 += products(a, b, c, e, key4(slot0, d));
            score1 += products(a, b, c, e, key4(slot1, d));
            score2 += products(a, b, c, e, key4(slot2, d));
            score3 += products(a, b, c, e, key4(slot3, d));
        }
        let is_seen0 = (firsts <= vec4<u32>(slot0)) & (vec4<u32>(slot0) < ends);
        let is_seen1 = (firsts <= vec4<u32>(slot1)) & (vec4<u32>(slot1) < ends);
        let is_seen2 = (firsts <= vec4<u32>(slot2)) & (vec4<u32>(slot2) < ends);
        let is_seen3 = (firsts <= vec4<u32>(slot3)) & (vec4<u32>(slot3) < ends);
        score0 = select(NEVER, score0, is_seen0);
        score1 = select(NEVER, score1, is_seen1);
        score2 = select(NEVER, score2, is_seen2);
        score3 = select(NEVER, score3, is_seen3);
        set_parts(team * ROWS + lane, max(max(score0, score1), max(score2, score3)));
        workgroupBarrier();

        var raised = maximum;
        for (var t = 0u; t < TEAMS; t++) {
            raised = max(raised, parts(t * ROWS + lane));
        }
        let decay = exp(maximum - raised);
        maximum = raised;
        // A row that has seen nothing yet has no maximum.
        let weight0 = select(vec4<f32>(0.0), exp(score0 - raised), is_seen0);
        let weight1 = select(vec4<f32>(0.0), exp(score1 - raised), is_seen1);
        let weight2 = select(vec4<f32>(0.0), exp(score2 - raised), is_seen2);
        let weight3 = select(vec4<f32>(0.0), exp(score3 - raised), is_seen3);
        total = total * decay + (weight0 + weight1) + (weight2 + weight3);
        let at = team * STRIDE + lane;
        set_weights(at, weight0);
        set_weights(at + TEAMS * STRIDE, weight1);
        set_weights(at + 2u * TEAMS * STRIDE, weight2);
        set_weights(at + 3u * TEAMS * STRIDE, weight3);
        workgroupBarrier();

        // Slots past the end hold anything, also what no weight of zero would make up for.
        let n_slots = min(SLOTS, end - block);
        if (team < N_VEC4) {
            low = decayed(low, decay);
            for (var k = 0u; k < n_slots; k++) {
                low += outer(weights(k * STRIDE + lane), value4(block + k, team));
            }
        }
        if (team + TEAMS < N_VEC4) {
            high = decayed(high, decay);
            for (var k = 0u; k < n_slots; k++) {
                high += outer(weights(k * STRIDE + lane), value4(block + k, team + TEAMS));
            }
        }
    }
    set_parts(team * ROWS + lane, total);
    workgroupBarrier();
    total = vec4<f32>(0.0);
    for (var t = 0u; t < TEAMS; t++) {
        total += parts(t * ROWS + lane);
    }
    for (var i = 0u; i < 4u; i++) {
        if (team < N_VEC4) { keep(row + 4u * i, team, low[i] / total[i]); }
        if (team + TEAMS < N_VEC4) { keep(row + 4u * i, team + TEAMS, high[i] / total[i]); }
    }
}
