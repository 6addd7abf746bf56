//! Reference texts against texts written by hand, and their properties over many seeds.

use scene::{
    Ask, Attribute, Color, Comparison, Dice, Family, Filter, Form, Kind, KindFilter, Object,
    PositionForm, Question, Reference, Sample, Scene, Shape, Side, Size, Step, Style, Target,
    first_look, form_is_complete, mentions,
};

const EXACT: Style = Style {
    form: Form::SemanticBack,
    random_error: 0.0,
    is_blind: false,
};

fn object(kind: Kind, color: Color, size: Size, cell: &str) -> Object {
    let at = |byte: u8, first: u8| f32::from(byte - first) * 28.0 + 14.0;
    let name = cell.as_bytes();
    let center_px = [at(name[0], b'a'), at(name[1], b'1')];
    Object {
        kind,
        color,
        size,
        center_px,
        side_px: size.range_px()[0],
        shade: 1.0,
    }
}

/// b2: large red circle, h4: small red circle (faint), d5: small blue star, f6: large green 7.
fn scene() -> Scene {
    let circle = Kind::Shape(Shape::Circle);
    let objects = vec![
        object(Kind::Digit(7), Color::Green, Size::Large, "f6"),
        object(circle, Color::Red, Size::Small, "h4"),
        object(Kind::Shape(Shape::Star), Color::Blue, Size::Small, "d5"),
        object(circle, Color::Red, Size::Large, "b2"),
    ];
    Scene::new([240; 3], Vec::new(), objects)
}

fn shapes(shape: Shape) -> Filter {
    Filter {
        kind: KindFilter::Shape(shape),
        ..Filter::ANY
    }
}

fn red(filter: Filter) -> Filter {
    Filter {
        color: Some(Color::Red),
        ..filter
    }
}

/// The words for an object, put together here.
fn told_in_words(object: &Object) -> String {
    let kind = match object.kind {
        Kind::Shape(shape) => format!("{shape:?}").to_lowercase(),
        Kind::Digit(digit) => digit.to_string(),
    };
    let [size, color] = [format!("{:?}", object.size), format!("{:?}", object.color)];
    format!("{} {} {kind}", size.to_lowercase(), color.to_lowercase())
}

fn told(family: Family, ask: Ask, answer: &str, style: Style) -> Reference {
    let question = Question {
        family,
        ask,
        text: String::new(),
        answer: answer.into(),
    };
    Reference::new(&mut Dice::from_seed(1), &scene(), &question, style)
}

fn solution() -> Style {
    Style {
        form: Form::SolutionBack,
        ..EXACT
    }
}

#[test]
fn an_overlooked_circle_is_counted_on_the_second_look() {
    let ask = Ask::Count(red(shapes(Shape::Circle)));
    let told_short = told(Family::Count, ask.clone(), "2", EXACT);
    assert_eq!(
        told_short.text,
        "<think>\nI look for red circles. At first glance: 1.\n</think>\n\
         <back>Check for Any Red Circle: b2 large red✓ circle✓: yes 1; h4 small red✓ circle✓: yes 2; \
         d5 small blue✗ star✗: no 2; f6 large green✗ 7✗: no 2.</back>\n\
         <think>\nIt is 2, not 1.\n</think>\n\\boxed{2}"
    );
    let named: Vec<(&str, &[usize])> = told_short
        .looks
        .iter()
        .map(|look| {
            (
                &told_short.text[look.bytes.clone()],
                look.objects.as_slice(),
            )
        })
        .collect();
    let expected: [(&str, &[usize]); 17] = [
        (" 1", &[0, 1]),
        (" b2", &[0]),
        (" large", &[0]),
        (" red", &[0]),
        (" circle", &[0]),
        (" h4", &[1]),
        (" small", &[1]),
        (" red", &[1]),
        (" circle", &[1]),
        (" d5", &[2]),
        (" small", &[2]),
        (" blue", &[2]),
        (" star", &[2]),
        (" f6", &[3]),
        (" large", &[3]),
        (" green", &[3]),
        (" 7", &[3]),
    ];
    assert_eq!(named, expected);
    assert_eq!(
        told(Family::Count, ask.clone(), "2", solution()).text,
        "<think>\nI look for red circles. I see 1 of them, so the answer is 1.\n</think>\n\
         <back>Checking the image for Any Red Circle: b2 large red✓ circle✓: yes 1; \
         h4 small red✓ circle✓: yes 2; d5 small blue✗ star✗: no 2; f6 large green✗ 7✗: no 2.</back>\n\
         <think>\nIt is 2: the solution was wrong.\n</think>\n\\boxed{2}"
    );
    assert_eq!(
        told(
            Family::Count,
            ask,
            "2",
            Style {
                is_blind: true,
                ..EXACT
            }
        )
        .text,
        "<think>\nI look for red circles. At first glance: 1.\n</think>\n\
         <back>I cannot see the image.</back>\n\
         <think>\nIt stays 1.\n</think>\n\\boxed{1}"
    );
}

#[test]
fn what_is_not_there_is_counted_as_none() {
    assert_eq!(
        told(
            Family::Exists,
            Ask::Exists(red(shapes(Shape::Cross))),
            "No",
            EXACT
        )
        .text,
        "<think>\nI look for red crosses. At first glance: No.\n</think>\n\
         <back>Check for Any Red Cross: b2 large red✓ circle✗: no; h4 small red✓ circle✗: no; \
         d5 small blue✗ star✗: no; f6 large green✗ 7✗: no.</back>\n\
         <think>\nIt is No, as at first glance.\n</think>\n\\boxed{No}"
    );
    let small = Filter {
        size: Some(Size::Small),
        ..Filter::ANY
    };
    assert_eq!(
        told(Family::Exists, Ask::Exists(small), "Yes", EXACT).text,
        "<think>\nI look for small objects. At first glance: Yes.\n</think>\n\
         <back>Check for Small Colored Object: b2 large✗ red circle: no; h4 small✓ red circle: yes.</back>\n\
         <think>\nIt is Yes, as at first glance.\n</think>\n\\boxed{Yes}"
    );
}

#[test]
fn a_faint_object_is_mistaken_and_corrected() {
    let filter = Filter {
        size: Some(Size::Small),
        ..shapes(Shape::Circle)
    };
    let target = Target { filter, object: 1 };
    let ask = Ask::Attribute {
        attribute: Attribute::Color,
        target,
    };
    assert_eq!(
        told(Family::Color, ask, "red", solution()).text,
        "<think>\nI look at the small circle. It seems orange, so the answer is orange.\n</think>\n\
         <back>Checking the image for Small Colored Circle: b2 large✗ red circle✓: no; \
         h4 small✓ red circle✓: yes, red.</back>\n\
         <think>\nIt is red: the solution was wrong.\n</think>\n\\boxed{red}"
    );
}

#[test]
fn shapes_and_digits_are_named() {
    let blue = Filter {
        color: Some(Color::Blue),
        ..Filter::ANY
    };
    let target = Target {
        filter: blue,
        object: 2,
    };
    let ask = Ask::Attribute {
        attribute: Attribute::Shape,
        target,
    };
    assert_eq!(
        told(Family::Shape, ask, "star", EXACT).text,
        "<think>\nI look at the blue object. At first glance: star.\n</think>\n\
         <back>Check for Any Blue Object: b2 large red✗ circle: no; h4 small red✗ circle: no; \
         d5 small blue✓ star: yes, star.</back>\n\
         <think>\nIt is star, as at first glance.\n</think>\n\\boxed{star}"
    );
    let target = Target {
        filter: Filter {
            kind: KindFilter::AnyDigit,
            ..Filter::ANY
        },
        object: 3,
    };
    let ask = Ask::Attribute {
        attribute: Attribute::Digit,
        target,
    };
    assert_eq!(
        told(Family::Digit, ask, "7", solution()).text,
        "<think>\nI look at the digit. It seems 7, so the answer is 7.\n</think>\n\
         <back>Checking the image for Any Colored Digit: b2 large red circle✗: no; \
         h4 small red circle✗: no; d5 small blue star✗: no; f6 large green 7✓: yes, 7.</back>\n\
         <think>\nIt is 7: the solution holds.\n</think>\n\\boxed{7}"
    );
}

#[test]
fn positions_are_compared_along_the_asked_axis() {
    let first = Target {
        filter: Filter {
            size: Some(Size::Small),
            ..shapes(Shape::Circle)
        },
        object: 1,
    };
    let second = Target {
        filter: shapes(Shape::Star),
        object: 2,
    };
    let ask = |form| Ask::Position {
        first: first.clone(),
        second: second.clone(),
        side: Side::Left,
        form,
    };
    assert_eq!(
        told(Family::Position, ask(PositionForm::Is), "No", EXACT).text,
        "<think>\nI compare the small circle and the star. At first glance: Yes.\n</think>\n\
         <back>Check for Small Colored Circle: b2 large✗ red circle✓: no; h4 small✓ red circle✓: yes. First: h4. \
         Check for Any Colored Star: b2 large red circle✗: no; h4 small red circle✗: no; \
         d5 small blue star✓: yes. Second: d5.</back>\n\
         <think>\nh is right of d. Asked: left of. It is No, not Yes.\n</think>\n\\boxed{No}"
    );
    assert_eq!(
        told(
            Family::Position,
            ask(PositionForm::Which),
            "star",
            solution()
        )
        .text,
        "<think>\nI compare the small circle and the star. The small circle seems further left, \
         so the answer is small circle.\n</think>\n\
         <back>Checking the image for Small Colored Circle: b2 large✗ red circle✓: no; \
         h4 small✓ red circle✓: yes. First: h4. \
         Checking the image for Any Colored Star: b2 large red circle✗: no; h4 small red circle✗: no; \
         d5 small blue star✓: yes. Second: d5.</back>\n\
         <think>\nh is right of d. Asked: left of. The second. It is star: the solution was wrong.\n</think>\n\
         \\boxed{star}"
    );
}

#[test]
fn groups_are_compared_by_their_counts() {
    let ask = |second, comparison| Ask::Compare {
        first: shapes(Shape::Circle),
        second: shapes(second),
        comparison,
    };
    let which = ask(Shape::Cross, Comparison::Which);
    let which = told(Family::Compare, which, "circles", EXACT).text;
    let ending = "2 is more than 0. The first. It is circles, as at first glance.\n</think>\n\\boxed{circles}";
    assert!(which.ends_with(ending), "{which}");
    let more = ask(Shape::Star, Comparison::More);
    assert_eq!(
        told(Family::Compare, more, "Yes", solution()).text,
        "<think>\nI see 1 circles and 1 stars, so the answer is No.\n</think>\n\
         <back>Checking the image for Any Colored Circle: \
         b2 large red circle✓: yes 1; h4 small red circle✓: yes 2; \
         d5 small blue star✗: no 2; f6 large green 7✗: no 2. First: 2. \
         Checking the image for Any Colored Star: \
         b2 large red circle✗: no 0; h4 small red circle✗: no 0; \
         d5 small blue star✓: yes 1; f6 large green 7✗: no 1. Second: 1.</back>\n\
         <think>\n2 is more than 1. Asked: more than. It is Yes: the solution was wrong.\n</think>\n\\boxed{Yes}"
    );
}

#[test]
fn arithmetic_goes_step_by_step() {
    let steps = vec![
        Step::SubtractAll(red(shapes(Shape::Circle))),
        Step::Add(2, shapes(Shape::Square)),
    ];
    let ask = Ask::Arithmetic {
        base: Filter::ANY,
        steps,
    };
    // 4 objects, 2 red circles; the glance sees 3 and 1, and errs twice to the right end.
    assert_eq!(
        told(Family::Arithmetic, ask, "4", solution()).text,
        "<think>\nI see 3 objects and 1 red circles. 3 - 1 = 2, 2 + 2 = 4, so the answer is 4.\n</think>\n\
         <back>Checking the image for Any Colored Object: \
         b2 large red circle: yes 1; h4 small red circle: yes 2; \
         d5 small blue star: yes 3; f6 large green 7: yes 4. First: 4. \
         Checking the image for Any Red Circle: \
         b2 large red✓ circle✓: yes 1; h4 small red✓ circle✓: yes 2; \
         d5 small blue✗ star✗: no 2; f6 large green✗ 7✗: no 2. Second: 2.</back>\n\
         <think>\n4 - 2 = 2, 2 + 2 = 4. It is 4: the solution holds.\n</think>\n\\boxed{4}"
    );
    let ask = Ask::Arithmetic {
        base: shapes(Shape::Circle),
        steps: vec![Step::Subtract(1, red(shapes(Shape::Circle)))],
    };
    assert_eq!(
        told(
            Family::Arithmetic,
            ask,
            "1",
            Style {
                form: Form::Cot,
                ..EXACT
            }
        )
        .text,
        "<think>\nI see 2 circles. 2 - 1 = 1, so the answer is 1.\n</think>\n\\boxed{1}"
    );
}

#[test]
fn every_confusion_is_another_thing_and_no_two_are_one() {
    let taken_for = |kind: Kind, color: Color, attribute: Attribute| {
        let scene = Scene::new(
            [240; 3],
            Vec::new(),
            vec![object(kind, color, Size::Small, "a1")],
        );
        let ask = Ask::Attribute {
            attribute,
            target: Target {
                filter: Filter::ANY,
                object: 0,
            },
        };
        let question = Question {
            family: Family::Color,
            ask,
            text: String::new(),
            answer: String::new(),
        };
        Reference::new(&mut Dice::from_seed(0), &scene, &question, EXACT)
            .first_look
            .expect("a look back")
    };
    let star = Kind::Shape(Shape::Star);
    let judge = |names: Vec<String>, taken: Vec<String>| {
        assert!(
            names.iter().zip(&taken).all(|(name, other)| name != other),
            "{taken:?}"
        );
        let sorted = |mut words: Vec<String>| {
            words.sort();
            words
        };
        assert_eq!(sorted(names), sorted(taken));
    };
    judge(
        Color::ALL.iter().map(|color| color.name().into()).collect(),
        Color::ALL
            .iter()
            .map(|&color| taken_for(star, color, Attribute::Color))
            .collect(),
    );
    judge(
        Shape::ALL.iter().map(|shape| shape.name().into()).collect(),
        Shape::ALL
            .iter()
            .map(|&s| taken_for(Kind::Shape(s), Color::Red, Attribute::Shape))
            .collect(),
    );
    judge(
        (0..10).map(|digit| digit.to_string()).collect(),
        (0..10)
            .map(|digit| taken_for(Kind::Digit(digit), Color::Red, Attribute::Digit))
            .collect(),
    );
}

fn styles() -> impl Iterator<Item = Style> {
    let with = |form, is_blind| {
        [0.0, 1.0].map(|random_error| Style {
            form,
            random_error,
            is_blind,
        })
    };
    Form::ALL
        .into_iter()
        .flat_map(move |form| [with(form, false), with(form, true)])
        .flatten()
}

fn all(mut judge: impl FnMut(&Sample, Style, &Reference)) {
    let styles: Vec<Style> = styles().collect();
    for family in Family::ALL {
        for (seed, &style) in (0..480).zip(styles.iter().cycle()) {
            let sample = Sample::from_seed(seed, 1..=9, Some(family));
            let mut dice = Dice::from_seed(seed);
            let reference = Reference::new(&mut dice, &sample.scene, &sample.question, style);
            judge(&sample, style, &reference);
        }
    }
}

fn has_back(form: Form) -> bool {
    matches!(form, Form::SemanticBack | Form::SolutionBack)
}

#[test]
fn references_read_back() {
    all(|sample, style, reference| {
        let text = &reference.text;
        assert!(form_is_complete(text, style.form), "{text}");
        assert!(
            !form_is_complete(&text[..text.len() - 1], style.form),
            "{text}"
        );
        assert!(!form_is_complete(&format!("{text}."), style.form), "{text}");
        assert_eq!(reference.first_look.is_some(), has_back(style.form));
        if !has_back(style.form) {
            assert!(
                text.ends_with(&format!("\\boxed{{{}}}", sample.question.answer)),
                "{text}"
            );
            return;
        }
        assert_eq!(first_look(text), reference.first_look.as_deref(), "{text}");
        let is_right = reference.first_look.as_deref() == Some(&sample.question.answer);
        assert_eq!(reference.is_first_look_right, is_right);
        let boxed = if style.is_blind {
            reference.first_look.as_deref()
        } else {
            Some(&*sample.question.answer)
        };
        assert!(
            text.ends_with(&format!("\\boxed{{{}}}", boxed.unwrap_or_default())),
            "{text}"
        );
        let back = &text[reference.back.clone().expect("a look back")];
        assert!(
            back.starts_with("<back>") && back.ends_with("</back>"),
            "{back}"
        );
        if style.random_error == 1.0 {
            assert!(!is_right, "{text}");
        }
    });
}

#[test]
fn looks_name_their_objects() {
    all(|sample, style, reference| {
        let Some(back) = &reference.back else {
            return assert!(reference.looks.is_empty());
        };
        let inside: Vec<_> = reference
            .looks
            .iter()
            .filter(|look| back.contains(&look.bytes.start))
            .collect();
        let mut cells = Vec::new();
        for look in &inside {
            let words = &reference.text[look.bytes.clone()];
            assert_eq!(look.objects.len(), 1, "{words}");
            let object = &sample.scene.objects[look.objects[0]];
            if words[1..] == object.cell().to_string() {
                cells.push((*look).clone());
            } else if words[1..] != sample.question.answer {
                let told = told_in_words(object);
                assert!(told.split(' ').any(|word| word == &words[1..]), "{words}");
            }
        }
        assert_eq!(
            mentions(&reference.text, &sample.scene),
            cells,
            "{}",
            reference.text
        );
        assert_eq!(inside.is_empty(), style.is_blind);
        let first = reference
            .looks
            .iter()
            .find(|look| look.bytes.start < back.start);
        if let Some(first) = first {
            let said = reference.first_look.as_deref().unwrap_or_default();
            assert_eq!(&reference.text[first.bytes.clone()], format!(" {said}"));
            assert!(!first.objects.is_empty());
        }
    });
}

#[test]
fn calculations_and_comparisons_hold_even_when_the_glance_errs() {
    all(|sample, _, reference| {
        for sum in reference
            .text
            .split([',', '.', '\n'])
            .filter(|part| part.contains(" = "))
        {
            let words: Vec<&str> = sum.split_whitespace().collect();
            let [before, sign, by, "=", after] = words[..] else {
                panic!("{sum}")
            };
            let [before, by, after] =
                [before, by, after].map(|n| n.parse::<i32>().expect("a number"));
            assert_eq!(
                if sign == "-" {
                    before - by
                } else {
                    before + by
                },
                after,
                "{sum}"
            );
            assert!(before >= 0 && after >= 0, "{}", reference.text);
        }
        if let (Ask::Compare { comparison, .. }, Some(said), Some((_, seen))) = (
            &sample.question.ask,
            &reference.first_look,
            reference.text.split_once("I see "),
        ) {
            let numbers = seen
                .split(" and ")
                .map(|part| part.split(' ').next().unwrap_or_default());
            let counts: Vec<i32> = numbers
                .take(2)
                .map(|n| n.parse().expect("a number"))
                .collect();
            match comparison {
                Comparison::More => {
                    assert_eq!(said == "Yes", counts[0] > counts[1], "{}", reference.text)
                }
                Comparison::Fewer => {
                    assert_eq!(said == "Yes", counts[0] < counts[1], "{}", reference.text)
                }
                Comparison::Equal => {
                    assert_eq!(said == "Yes", counts[0] == counts[1], "{}", reference.text)
                }
                Comparison::Which => assert_ne!(counts[0], counts[1], "{}", reference.text),
            }
        }
    });
}

#[test]
fn incomplete_forms_are_told() {
    let whole = "<think>\na\n</think>\n<back>b</back>\n<think>\nc\n</think>\n\\boxed{3}\n";
    assert!(form_is_complete(whole, Form::SemanticBack));
    assert!(form_is_complete(whole, Form::SolutionBack));
    for broken in [
        "",
        "\\boxed{3}",
        "<think>a</think>\\boxed{3}",
        "<think>a</think><back>b</back>\\boxed{3}",
        "<back>b</back><think>a</think><think>c</think>\\boxed{3}",
        "<think>a<back>b</back></think><back>b</back><think>c</think>\\boxed{3}",
        "<think>a</think><back>b<think>c</think>\\boxed{3}",
        "<think>a</think><back>b</back><think>c</think>\\boxed{}",
        "<think>a</think><back>b</back><think>c</think>\\boxed{3",
        "<think>a</think><back>b</back><think>c</think>\\boxed{3} so",
        "<think>a</think><back></back><think>c</think>\\boxed{3}",
        "so <think>a</think><back>b</back><think>c</think>\\boxed{3}",
        "<think>a</think><back>b</back><think>c</think>\\boxed{3}\\boxed{3}",
    ] {
        assert!(!form_is_complete(broken, Form::SemanticBack), "{broken}");
    }
    assert!(form_is_complete(" \\boxed{Yes}\n", Form::Plain));
    assert!(form_is_complete("<think>a</think>\\boxed{3}", Form::Cot));
}

#[test]
fn first_looks_are_read_from_wild_text() {
    assert_eq!(
        first_look("x At first glance: small red circle.\n</think>…"),
        Some("small red circle")
    );
    assert_eq!(
        first_look("the answer is 3, so the answer is 4.\n</think>the answer is 5.\n</think>"),
        Some("4")
    );
    for none in [
        "",
        "At first glance: 3.",
        "</think>At first glance: 3.\n</think>",
        "the answer is .\n</think>",
        "At first glance: 3\n</think>",
        "the answer is 3.\nor\n4.\n</think>",
    ] {
        assert_eq!(first_look(none), None, "{none}");
    }
}

#[test]
fn mentions_are_read_from_wild_text() {
    let found = |text: &str| -> Vec<(usize, Vec<usize>)> {
        mentions(text, &scene())
            .into_iter()
            .map(|look| (look.bytes.start, look.objects))
            .collect()
    };
    assert_eq!(
        found(" b2 <back>: 1 at b2, at h4</back> f6"),
        [(16, vec![0]), (23, vec![1])]
    );
    assert_eq!(found("<back> b2"), [(6, vec![0])]);
    assert_eq!(
        found("<back> b2x b22 a1 xb2 B2 é b2</back>"),
        [(27, vec![0])]
    );
    assert_eq!(found("no look back at b2"), []);
    assert_eq!(found("<back>"), []);
    assert_eq!(found("<back> b"), []);
}
