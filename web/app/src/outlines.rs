//! The regions with the most light, outlined on the picture and named in words.

use leptos::prelude::*;
use trace::{HeatMap, RegionShare, cells_of_third};

use crate::run::Run;

/// Regions outlined at most.
const N_REGIONS: usize = 2;
/// Part of a map's light from which a region is outlined; each of the nine has a ninth when it is even.
const MIN_SHARE: f32 = 0.2;

/// A region's place on the picture and its words.
#[derive(Clone, Debug, PartialEq)]
struct Outline {
    /// Left, top, width and height in percent of the picture.
    place: [f64; 4],
    words: String,
    /// In the right third, where a name would leave the picture.
    is_right: bool,
    /// In the middle, where a name at the top would meet its neighbours'.
    is_middle: bool,
}

/// Frames on the picture, while no answer is on its way: nothing flickers under the light.
#[component]
pub fn Outlines(run: Run) -> impl IntoView {
    let outlines = Memo::new(move |_| {
        let is_shown = run.looking.is_outlined.get() && !run.is_running();
        let shown = |map: &Option<HeatMap>| map.as_ref().filter(|_| is_shown).map(outlines_of);
        run.looking.map.with(shown).unwrap_or_default()
    });
    let ratio = move || {
        let of_picture =
            |bitmap: &web_sys::ImageBitmap| f64::from(bitmap.width()) / f64::from(bitmap.height());
        let of_grid = || {
            run.trace.with(|trace| {
                let image = trace.prompt.images.get(run.looking.image.get());
                image.map_or(1.0, |image| f64::from(image.cols) / f64::from(image.rows))
            })
        };
        run.picture
            .with(|picture| Some(of_picture(&picture.as_ref()?.bitmap)))
            .unwrap_or_else(of_grid)
    };
    let outline = |Outline {
                       place,
                       words,
                       is_right,
                       is_middle,
                   }: Outline| {
        let [left, top, width, height] = place.map(|percent| format!("{percent:.2}%"));
        view! {
            <div class="outline" class:right=is_right class:middle=is_middle style:left=left style:top=top style:width=width style:height=height>
                <span>{words}</span>
            </div>
        }
    };
    view! {
        <div class="outlines" aria-hidden="true" data-testid="outlines" style=("--ratio", move || format!("{:.4}", ratio()))>
            {move || outlines.get().into_iter().map(outline).collect_view()}
        </div>
    }
}

fn outlines_of(map: &HeatMap) -> Vec<Outline> {
    let bright = |region: &RegionShare| region.share >= MIN_SHARE;
    let regions = map.regions().into_iter().take(N_REGIONS).filter(bright);
    let outline = |region: RegionShare| {
        let rows = cells_of_third(region.row_third, map.n_rows);
        let cols = cells_of_third(region.col_third, map.n_cols);
        let percent = |cells: usize, of: usize| cells as f64 * 100.0 / of as f64;
        Outline {
            place: [
                percent(cols.start, map.n_cols),
                percent(rows.start, map.n_rows),
                percent(cols.len(), map.n_cols),
                percent(rows.len(), map.n_rows),
            ],
            words: region.to_string(),
            is_right: region.col_third == 2,
            is_middle: region.col_third == 1,
        }
    };
    regions.map(outline).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_brightest_region_is_framed_along_its_cells() {
        let mut cells = vec![0.001; 64];
        cells[8 + 7] = 0.5;
        let outlines = outlines_of(&HeatMap {
            n_rows: 8,
            n_cols: 8,
            cells,
        });
        assert_eq!(
            outlines,
            [Outline {
                place: [62.5, 0.0, 37.5, 37.5],
                words: "upper right, 90 %".to_owned(),
                is_right: true,
                is_middle: false,
            }]
        );
    }

    #[test]
    fn even_light_is_not_framed() {
        let even = HeatMap {
            n_rows: 6,
            n_cols: 6,
            cells: vec![0.01; 36],
        };
        assert_eq!(outlines_of(&even), []);
    }
}
