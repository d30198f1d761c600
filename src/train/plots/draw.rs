//! Drawing, by `plotters`.

use std::sync::Once;

use plotters::chart::ChartContext;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::register_font;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::Plot;
use super::axis::{Axis, number};
use crate::train::Histogram;

/// What is in a picture.
#[derive(Clone, Debug)]
pub(super) enum Content {
    Lines(Vec<(String, Vec<(f64, f64)>)>),
    Points(Vec<(f64, f64)>),
    Matrix { names: Vec<String>, counts: Vec<Vec<usize>> },
    Histograms(Vec<(String, Histogram)>),
}

/// Colours that people with any colour vision tell apart: M. Okabe and K. Ito, <https://jfly.uni-koeln.de/color/>.
const COLOURS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(0, 0, 0),
];
const INK: RGBColor = RGBColor(40, 40, 40);
const FAINT: RGBColor = RGBColor(225, 225, 225);
const FONT: &str = "sans-serif";

type Area<B> = DrawingArea<B, Shift>;
type Chart<'a, B> = ChartContext<'a, B, Cartesian2d<Axis, Axis>>;
type Outcome<B> = Result<(), DrawingAreaErrorKind<<B as DrawingBackend>::ErrorType>>;

pub(super) fn svg(plot: &Plot) -> String {
    let mut text = String::new();
    draw(plot, SVGBackend::with_string(&mut text, plot.size).into_drawing_area());
    text
}

/// Rows of red, green and blue.
pub(super) fn pixels(plot: &Plot) -> Vec<u8> {
    let mut pixels = vec![0; 3 * plot.size.0 as usize * plot.size.1 as usize];
    draw(plot, BitMapBackend::with_buffer(&mut pixels, plot.size).into_drawing_area());
    pixels
}

fn draw<B: DrawingBackend>(plot: &Plot, area: Area<B>) {
    // A machine may have no fonts, and text must be measured to be placed; where one is registered, it stays.
    static FONTS: Once = Once::new();
    FONTS.call_once(|| {
        if register_font(FONT, FontStyle::Normal, epaint_default_fonts::UBUNTU_LIGHT).is_err() {
            unreachable!("the font is part of the program");
        }
    });
    if let Err(error) = draw_content(plot, &area).and_then(|()| area.present()) {
        unreachable!("drawing to memory: {error}");
    }
}

fn draw_content<B: DrawingBackend>(plot: &Plot, area: &Area<B>) -> Outcome<B> {
    area.fill(&WHITE)?;
    match &plot.content {
        Content::Lines(series) => lines(plot, area, series),
        Content::Points(points) => scatter(plot, area, points),
        Content::Matrix { names, counts } => matrix(plot, area, names, counts),
        Content::Histograms(histograms) => bars(plot, area, histograms),
    }
}

fn lines<B: DrawingBackend>(plot: &Plot, area: &Area<B>, series: &[(String, Vec<(f64, f64)>)]) -> Outcome<B> {
    let shown = |&(x, y): &(f64, f64)| x.is_finite() && y.is_finite() && (!plot.log_y || y > 0.0);
    let points = || series.iter().flat_map(|(_, points)| points).copied().filter(shown);
    let x = Axis::around(points().map(|(x, _)| x), 0.0);
    let y = points().map(|(_, y)| y);
    let y = if plot.log_y { Axis::log_around(y, 0.04) } else { Axis::around(y, 0.04) };
    let mut chart = axes(plot, area, x, y)?;
    for ((name, points), &colour) in series.iter().zip(COLOURS.iter().cycle()) {
        let style = colour.stroke_width(2);
        let mut runs = points.split(|point| !shown(point)).filter(|run| !run.is_empty());
        // A run of one point has no line: a dot stands for it.
        let dots: Vec<_> = runs.clone().filter(|run| run.len() == 1).map(|run| run[0]).collect();
        let first = runs.next().unwrap_or_default();
        let drawn = chart.draw_series(LineSeries::new(first.iter().copied(), style))?;
        drawn.label(name).legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], style));
        for run in runs {
            chart.draw_series(LineSeries::new(run.iter().copied(), style))?;
        }
        chart.draw_series(dots.into_iter().map(|point| Circle::new(point, 3, colour.filled())))?;
    }
    legend(&mut chart, series.len())
}

fn scatter<B: DrawingBackend>(plot: &Plot, area: &Area<B>, points: &[(f64, f64)]) -> Outcome<B> {
    let shown = points.iter().copied().filter(|(x, y)| x.is_finite() && y.is_finite());
    let both = Axis::around(shown.clone().flat_map(|(x, y)| [x, y]), 0.04);
    let (start, end) = (both.range.start, both.range.end);
    let mut chart = axes(plot, area, both.clone(), both)?;
    let diagonal = [(start, start), (end, end)];
    chart.draw_series(LineSeries::new(diagonal, INK.mix(0.5).stroke_width(1)))?;
    chart.draw_series(shown.map(|point| Circle::new(point, 3, COLOURS[0].mix(0.55).filled())))?;
    Ok(())
}

fn bars<B: DrawingBackend>(plot: &Plot, area: &Area<B>, histograms: &[(String, Histogram)]) -> Outcome<B> {
    let filled = || histograms.iter().filter(|(_, histogram)| !histogram.counts.is_empty());
    let x = Axis::around(filled().flat_map(|(_, histogram)| histogram.edges.iter().copied()), 0.02);
    let most = filled().flat_map(|(_, histogram)| histogram.counts.iter().copied()).max().unwrap_or(1);
    // All of one number: a bin must have a width to be seen.
    let least = (x.range.end - x.range.start) / 200.0;
    let mut chart = axes(plot, area, x, Axis::linear(0.0..1.05 * most as f64))?;
    for ((name, histogram), &colour) in histograms.iter().zip(COLOURS.iter().cycle()) {
        let bins = histogram.edges.windows(2).zip(&histogram.counts);
        let outline = bins.flat_map(|(edges, &count)| {
            let (left, right) = (edges[0], edges[1].max(edges[0] + least));
            [(left, count as f64), (right, count as f64)]
        });
        let mut outline: Vec<(f64, f64)> = outline.collect();
        let ends = [outline.first(), outline.last()].map(|end| end.map(|&(x, _)| (x, 0.0)));
        outline.splice(0..0, ends[0]);
        outline.extend(ends[1]);
        chart.draw_series([Polygon::new(outline.clone(), colour.mix(0.25).filled())])?;
        let drawn = chart.draw_series(LineSeries::new(outline, colour.stroke_width(2)))?;
        drawn.label(name).legend(move |(x, y)| Rectangle::new([(x, y - 5), (x + 18, y + 5)], colour.mix(0.6).filled()));
    }
    legend(&mut chart, histograms.len())
}

fn matrix<B: DrawingBackend>(plot: &Plot, area: &Area<B>, names: &[String], counts: &[Vec<usize>]) -> Outcome<B> {
    let classes = names.len();
    let longest = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    let name = |class: &SegmentValue<usize>| match class {
        SegmentValue::CenterOf(class) => names.get(*class).cloned().unwrap_or_default(),
        _ => String::new(),
    };
    // The first row stands at the top, where the vertical axis ends.
    let name_from_top = |class: &SegmentValue<usize>| match class {
        SegmentValue::CenterOf(class) if *class < classes => names[classes - 1 - class].clone(),
        _ => String::new(),
    };
    let mut builder = ChartBuilder::on(area);
    builder.margin(20).x_label_area_size(50).y_label_area_size(50 + 7 * longest as u32);
    if !plot.title.is_empty() {
        builder.caption(&plot.title, (FONT, 24, &INK));
    }
    let cells = || (0..classes - 1).into_segmented();
    let mut chart = builder.build_cartesian_2d(cells(), cells())?;
    chart
        .configure_mesh()
        .disable_mesh()
        .x_desc(&plot.x_label)
        .y_desc(&plot.y_label)
        .x_labels(classes)
        .y_labels(classes)
        .x_label_formatter(&name)
        .y_label_formatter(&name_from_top)
        .label_style((FONT, 15, &INK))
        .axis_desc_style((FONT, 17, &INK))
        .axis_style(INK.mix(0.0))
        .draw()?;
    let size = (plot.size.1 as f64 / classes as f64 / 3.5).clamp(7.0, 20.0);
    for (row, counts) in counts.iter().enumerate() {
        let all = counts.iter().sum::<usize>().max(1);
        for (column, &count) in counts.iter().enumerate() {
            let part = count as f64 / all as f64;
            let y = classes - 1 - row;
            let corner = |more| (SegmentValue::Exact(column + more), SegmentValue::Exact(y + more));
            chart.draw_series([Rectangle::new([corner(0), corner(1)], shade(part).filled())])?;
            let ink = if part > 0.5 { WHITE } else { INK };
            let style = (FONT, size, &ink).into_text_style(area).pos(Pos::new(HPos::Center, VPos::Center));
            chart.draw_series([Text::new(
                count.to_string(),
                (SegmentValue::CenterOf(column), SegmentValue::CenterOf(y)),
                style,
            )])?;
        }
    }
    Ok(())
}

/// White for 0, the first colour for 1.
fn shade(part: f64) -> RGBColor {
    let mix = |full: u8| (255.0 + (f64::from(full) - 255.0) * part).round() as u8;
    let RGBColor(red, green, blue) = COLOURS[0];
    RGBColor(mix(red), mix(green), mix(blue))
}

/// Title, axes and grid.
fn axes<'a, B: DrawingBackend>(
    plot: &Plot,
    area: &'a Area<B>,
    x: Axis,
    y: Axis,
) -> Result<Chart<'a, B>, DrawingAreaErrorKind<B::ErrorType>> {
    let mut builder = ChartBuilder::on(area);
    builder.margin(20).x_label_area_size(50).y_label_area_size(75);
    if !plot.title.is_empty() {
        builder.caption(&plot.title, (FONT, 24, &INK));
    }
    let mut chart = builder.build_cartesian_2d(x, y)?;
    chart
        .configure_mesh()
        .x_desc(&plot.x_label)
        .y_desc(&plot.y_label)
        .x_labels(8)
        .y_labels(8)
        .x_label_formatter(&number)
        .y_label_formatter(&number)
        .label_style((FONT, 15, &INK))
        .axis_desc_style((FONT, 17, &INK))
        .axis_style(INK)
        .bold_line_style(FAINT)
        .light_line_style(TRANSPARENT)
        .draw()?;
    Ok(chart)
}

/// The names of the series, where there are several.
fn legend<'a, B: DrawingBackend + 'a>(chart: &mut Chart<'a, B>, series: usize) -> Outcome<B> {
    if series < 2 {
        return Ok(());
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .label_font((FONT, 15, &INK))
        .background_style(WHITE.mix(0.85))
        .border_style(FAINT)
        .margin(12)
        .draw()
}
