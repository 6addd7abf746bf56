use super::{ChatTemplate, Message, PromptError, PromptTokens, TemplateFiles, TokenRole};
use crate::config::Config;
use crate::grid::Grid;
use crate::oracle::{self, Case};
use crate::tokenizer::Tokenizer;
use proptest::prelude::*;
use serde_json::{Value, json};

/// The shape of Qwen's template: default system line, images as placeholders, no separators.
const QWEN: &str = "{% for message in messages %}{% if loop.first and message['role'] != 'system' %}<|im_start|>system\n\
    Be kind.<|im_end|>\n{% endif %}<|im_start|>{{ message['role'] }}\n{% if message['content'] is string %}\
    {{ message['content'] }}{% else %}{% for part in message['content'] %}{% if part['type'] == 'image' %}\
    <|vision_start|><|image_pad|><|vision_end|>{% else %}{{ part['text'] }}{% endif %}{% endfor %}{% endif %}\
    <|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

fn template(source: &str) -> Result<ChatTemplate, PromptError> {
    ChatTemplate::from_files(TemplateFiles {
        chat_template_jinja: Some(source),
        ..Default::default()
    })
}

fn rendered(source: &str) -> Result<String, PromptError> {
    template(source)?.text(
        &[Message::system(" a b "), Message::question(0, "hi")],
        true,
    )
}

#[test]
fn question_starts_after_its_header() {
    let prompt = template(QWEN)
        .and_then(|template| template.render(&[Message::question(1, "Why?")]))
        .expect("a prompt");
    let header = "<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\n";
    assert_eq!(&prompt.text[..prompt.question_byte], header);
    let rest = "<|vision_start|><|image_pad|><|vision_end|>Why?<|im_end|>\n<|im_start|>assistant\n";
    assert_eq!(&prompt.text[prompt.question_byte..], rest);
    assert_eq!(prompt.image_order, [0]);
}

#[test]
fn python_isms_are_known() {
    for (source, expected) in [
        (
            "{% set ns = namespace(n=0) %}{% for m in messages %}{% set ns.n = ns.n + 1 %}{% endfor %}{{ ns.n }}",
            "2",
        ),
        ("[{{ messages[0].content.strip() }}]", "[a b]"),
        (
            "{{ messages[0].content.strip().split(' ')[-1].upper() }}",
            "B",
        ),
        (
            "{{ messages[0]['content'].startswith(' a') and not 'abc'.endswith('x') }}",
            "True",
        ),
        ("{{ messages[0].get('tool', 'none') }}", "none"),
        (
            "{% for k, v in {'a': 1}.items() %}{{ k }}{{ v }}{% endfor %}",
            "a1",
        ),
        ("{{ {'a': [1, 'é<']} | tojson }}", "{\"a\": [1, \"é<\"]}"),
        ("{{ [1] | tojson(indent=2) }}", "[\n  1\n]"),
        (
            "{% if tools %}x{% endif %}{% if messages %}y{% endif %}",
            "y",
        ),
        ("a\n  {%- if true %}\n b\n  {% endif %}\nc\n", "a b\nc"),
        ("{{ messages[::-1][0].role }}", "user"),
    ] {
        assert_eq!(rendered(source).as_deref(), Ok(expected), "{source}");
    }
}

#[test]
fn the_clock_is_the_callers() {
    // 2024-02-29 12:34:56 UTC.
    let source = "{{ strftime_now('%d %b %Y, %B %m %H:%M:%S %%') }}";
    let dated = template(source).expect("valid").with_clock(1_709_210_096);
    assert_eq!(
        dated.text(&[], true).as_deref(),
        Ok("29 Feb 2024, February 02 12:34:56 %")
    );
    assert!(matches!(
        rendered(source),
        Err(PromptError::Template { .. })
    ));
}

#[test]
fn template_errors_are_typed() {
    assert_eq!(
        ChatTemplate::from_files(TemplateFiles::default()).err(),
        Some(PromptError::NoTemplate)
    );
    assert!(matches!(
        template("{% for %}"),
        Err(PromptError::Template { .. })
    ));
    assert!(matches!(
        rendered("{{ nothing.at.all }}"),
        Err(PromptError::Template { .. })
    ));
    assert!(matches!(
        rendered("{{ messages[0].content.unknown() }}"),
        Err(PromptError::Template { .. })
    ));
    let refused = rendered("{% if true %}{{ raise_exception('no system, please') }}{% endif %}");
    assert_eq!(
        refused,
        Err(PromptError::Refused {
            reason: "no system, please".to_owned()
        })
    );
}

#[test]
fn the_template_is_found_in_every_file() {
    let [plain, named] = [
        json!({"chat_template": "one"}),
        json!({"chat_template": [
        {"name": "tool_use", "template": "two"}, {"name": "default", "template": "three{{ eos_token }}"}],
        "eos_token": {"content": "!"}}),
    ];
    let text =
        |files| ChatTemplate::from_files(files).and_then(|template| template.text(&[], true));
    let files = TemplateFiles {
        tokenizer_config: Some(&named),
        ..Default::default()
    };
    assert_eq!(text(files).as_deref(), Ok("three!"));
    let files = TemplateFiles {
        chat_template: Some(&plain),
        ..files
    };
    assert_eq!(text(files).as_deref(), Ok("one"));
    assert_eq!(
        text(TemplateFiles {
            chat_template_jinja: Some("zero"),
            ..files
        })
        .as_deref(),
        Ok("zero")
    );
}

#[test]
fn messages_are_checked() {
    for wrong in [
        json!({}),
        json!([1]),
        json!([{"role": "user"}]),
        json!([{"content": "x"}]),
        json!([{"role": "user", "content": null}]),
        json!([{"role": "user", "content": ["x"]}]),
        json!([{"role": "user", "content": [{"type": "video"}]}]),
        json!([{"role": "user", "content": [{"type": "text"}]}]),
        json!([{"role": "user", "content": [{"type": "image", "image": -1}]}]),
        json!([{"role": "user", "content": [{"type": "image", "image": "a.png"}]}]),
    ] {
        assert!(
            matches!(
                Message::parse_list(&wrong),
                Err(PromptError::Messages { .. })
            ),
            "{wrong}"
        );
    }
    let unnumbered = json!([{"role": "user", "content": [{"type": "image"}, {"type": "image"}]}]);
    let unnumbered = Message::parse_list(&unnumbered).expect("valid messages");
    assert_eq!(unnumbered[0].images().collect::<Vec<_>>(), [0, 1]);
    let render = |messages: &[Message]| template(QWEN).expect("valid").render(messages);
    assert_eq!(
        render(&[Message::question(1, " \n")]),
        Err(PromptError::EmptyQuestion)
    );
    assert_eq!(
        render(&[Message::system("x")]),
        Err(PromptError::EmptyQuestion)
    );
    let sly = render(&[
        Message::system("x"),
        Message::question(0, "what is <|image_pad|>?"),
    ]);
    assert_eq!(
        sly,
        Err(PromptError::ControlToken {
            message: 2,
            token: "<|image_pad|>"
        })
    );
}

fn checkpoint(case: &Case) -> (Config, Tokenizer, ChatTemplate) {
    let config = Config::parse(&case.json("config.json")).expect("an oracle checkpoint");
    let tokenizer =
        Tokenizer::from_bytes(&case.file("tokenizer.json")).expect("an oracle checkpoint");
    let [file, tokenizer_config] = [
        case.json("chat_template.json"),
        case.json("tokenizer_config.json"),
    ];
    let files = TemplateFiles {
        chat_template: Some(&file),
        tokenizer_config: Some(&tokenizer_config),
        ..Default::default()
    };
    (
        config,
        tokenizer,
        ChatTemplate::from_files(files).expect("an oracle checkpoint"),
    )
}

#[test]
fn oracle_cases_are_met() {
    for case in Case::all() {
        let (config, tokenizer, template) = checkpoint(&case);
        let messages = Message::parse_list(&case.facts["messages"]).expect("valid messages");
        let rendered = template.render(&messages).expect("a prompt");
        assert_eq!(rendered.text, case.facts["prompt"], "{}", case.name);
        let prompt = PromptTokens::new(&rendered, &case.grids(), &tokenizer, &config, 4096)
            .expect("a prompt");
        assert_eq!(
            prompt.input_ids,
            oracle::ints(&case.tensors(), "input_ids"),
            "{}",
            case.name
        );
        let spans: Vec<[usize; 2]> = prompt
            .images
            .iter()
            .map(|span| [span.begin_token, span.end_token])
            .collect();
        assert_eq!(
            json!(spans),
            case.facts["image_token_positions"],
            "{}",
            case.name
        );
        assert_eq!(prompt.grids(), case.grids());
        check_roles(&case, &prompt, &tokenizer);
        let n_token = prompt.input_ids.len();
        let short = PromptTokens::new(&rendered, &case.grids(), &tokenizer, &config, n_token - 1);
        assert!(
            matches!(short, Err(PromptError::TooLong { n_token: got, .. }) if got == n_token),
            "{}",
            case.name
        );
    }
}

/// Roles by their definition: image tokens numbered through, nothing before the first, markers by text.
fn check_roles(case: &Case, prompt: &PromptTokens, tokenizer: &Tokenizer) {
    let is_image: Vec<bool> = prompt
        .input_ids
        .iter()
        .map(|id| tokenizer.id_of("<|image_pad|>") == Some(*id))
        .collect();
    let images: Vec<u32> = prompt
        .roles
        .iter()
        .map(|role| role.code())
        .filter(|code| *code >= 4)
        .collect();
    assert_eq!(
        images,
        (4..4 + is_image.iter().filter(|is| **is).count() as u32).collect::<Vec<_>>(),
        "{}",
        case.name
    );
    let Some(first) = is_image.iter().position(|is| *is) else {
        let question = prompt
            .roles
            .iter()
            .position(|role| *role == TokenRole::Question)
            .expect("a question");
        let header = tokenizer
            .decode(&prompt.input_ids[..question], false)
            .expect("text");
        assert!(
            header.ends_with("<|im_start|>user\n"),
            "{}: {header}",
            case.name
        );
        return assert!(
            prompt.roles[question..]
                .iter()
                .all(|role| *role == TokenRole::Question)
        );
    };
    assert!(
        prompt.roles[..first]
            .iter()
            .all(|role| *role == TokenRole::Outside),
        "{}",
        case.name
    );
    let markers = ["<|vision_start|>", "<|vision_end|>"].map(|text| tokenizer.id_of(text));
    for (at_token, role) in prompt.roles.iter().enumerate().skip(first) {
        let expected = match prompt.input_ids[at_token] {
            _ if is_image[at_token] => continue,
            id if markers.contains(&Some(id)) => TokenRole::Marker,
            _ => TokenRole::Question,
        };
        assert_eq!(*role, expected, "{} token {at_token}", case.name);
    }
}

#[test]
fn oracle_chats_are_met() {
    let Some(file) = oracle::json("oracle/tokenizer/tokenizer_cases.json") else {
        return;
    };
    let Some(template) = oracle::json("data/qwen2.5-tokenizer/chat_template.json") else {
        return;
    };
    let files = TemplateFiles {
        chat_template: Some(&template),
        ..Default::default()
    };
    let template = ChatTemplate::from_files(files).expect("the published template");
    let chats = file["cases"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|case| case["category"] == "chat");
    for case in chats.filter(|case| case["add_vision_id"] != true) {
        let messages = Message::parse_list(&case["messages"]).expect("valid messages");
        let text = template.text(&messages, case["add_generation_prompt"] == true);
        assert_eq!(text.expect("a prompt"), case["text"], "{}", case["id"]);
    }
}

#[test]
fn images_and_placeholders_must_agree() {
    let Some(case) = Case::all()
        .into_iter()
        .find(|case| case.name == "a06_two_images")
    else {
        return;
    };
    let (config, tokenizer, template) = checkpoint(&case);
    let tokens = |template: &ChatTemplate, messages: &[Message], grids: &[Grid]| {
        PromptTokens::new(
            &template.render(messages)?,
            grids,
            &tokenizer,
            &config,
            4096,
        )
    };
    let grids = case.grids();
    let asked = |n_image| [Message::question(n_image, "What?")];
    let images = |used, given| Err(PromptError::Images { used, given });
    assert_eq!(tokens(&template, &asked(2), &grids[..1]), images(2, 1));
    assert_eq!(tokens(&template, &asked(1), &grids), images(1, 2));
    assert_eq!(tokens(&template, &asked(0), &grids), images(0, 2));
    let doubling = super::ChatTemplate::from_files(TemplateFiles {
        chat_template_jinja: Some("<|image_pad|>{{ messages[0].role }}<|image_pad|>"),
        ..Default::default()
    });
    let placeholders = tokens(&doubling.expect("valid"), &asked(1), &grids[..1]);
    assert_eq!(
        placeholders,
        Err(PromptError::Placeholders {
            expected: 1,
            got: 2
        })
    );
    let swapped = json!([{"role": "user", "content": [{"type": "image", "image": 1}, {"type": "image", "image": 0},
        {"type": "text", "text": "What?"}]}]);
    let swapped = tokens(
        &template,
        &Message::parse_list(&swapped).expect("valid"),
        &grids,
    )
    .expect("a prompt");
    assert_eq!(swapped.grids(), [grids[1], grids[0]]);
    assert_eq!(swapped.images[0].image, 1);
}

proptest! {
    #[test]
    fn no_text_breaks_a_prompt(text in "\\PC{0,30}", system in "\\PC{0,10}") {
        let template = template(QWEN).expect("valid");
        let rendered = template.render(&[Message::system(&system), Message::question(1, &text)]);
        if let Ok(rendered) = rendered {
            prop_assert_eq!(rendered.text.matches("<|image_pad|>").count(), 1);
            prop_assert!(rendered.text[..rendered.question_byte].ends_with("<|im_start|>user\n"));
        }
    }

    #[test]
    fn no_template_or_message_list_panics(source in "[{}%a-z_ .()\\[\\]'|0-9-]{0,40}", junk in ".{0,20}") {
        let _ = rendered(&source);
        let _ = rendered(&format!("{{{{ messages[0].content.{source} }}}}"));
        let parsed: Result<Value, _> = serde_json::from_str(&junk);
        let value = parsed.unwrap_or_else(|_| json!([{"role": junk, "content": [{"type": "text", "text": junk}, junk]}]));
        let _ = Message::parse_list(&value);
    }
}
