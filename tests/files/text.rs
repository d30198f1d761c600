use sapwood::data::{Mapped, TokenWindows, Vocabulary, read_text};
use sapwood::nn::Embedding;
use sapwood::prelude::*;

use super::{Scratch, gzip, refusal};

#[test]
fn text_becomes_tokens_and_text_again() {
    let scratch = Scratch::folder();
    let text = "zwölf Boxkämpfer\n";
    for content in [text.as_bytes(), &gzip(text.as_bytes())] {
        assert_eq!(read_text(scratch.write("x.txt", content)).unwrap(), text);
    }
    let vocabulary = Vocabulary::of(text);
    // In the order of code points: "\n", " ", "B", a letter each of "efklmoprwxzäö".
    assert_eq!(vocabulary.len(), 16);
    let tokens = vocabulary.encode(text).unwrap();
    assert_eq!((tokens.len(), tokens.to_vec()[..3].to_vec()), (17, vec![13, 11, 15]));
    assert_eq!(vocabulary.decode(&tokens), text);
    assert_eq!(vocabulary.decode(&tokens.cast::<u8>()), text);
    let words = "the vocabulary has no 'y', which is character 2 of the text";
    assert_eq!(vocabulary.encode("pfy").unwrap_err().to_string(), words);

    let path = scratch.write("y.txt", b"abc\xff");
    assert_eq!(refusal(&path, read_text(&path)), "not UTF-8: invalid utf-8 sequence of 1 bytes from index 3");
}

#[test]
#[should_panic(expected = "decode: 3 is not one of 2 tokens")]
fn a_token_beyond_the_vocabulary_is_refused() {
    Vocabulary::of("ab").decode(&Tensor::from([0u8, 3]));
}

#[test]
fn batches_of_a_mapped_text_train_a_language_model() {
    let scratch = Scratch::folder();
    let path = scratch.write("x.txt", "abcabcabcabcabcabc");
    let tokens = Mapped::bytes(&path).unwrap();
    let data = DataLoader::new(TokenWindows::new(tokens, 4)).batch_size(7).shuffle(1).workers(2);
    let mut rng = StdRng::seed_from_u64(0);
    let mut model: (Embedding, Dense) = (Embedding::new(128, 8, &mut rng), Dense::new(8, 128, &mut rng));
    let mut state = setup(Adam::new(0.1), &model);
    for _ in 0..10 {
        train(&mut model, &data, &mut state, |(embedding, out), (x, y)| {
            assert_eq!(x.shape(), [7, 4]);
            cross_entropy(&out.forward(&embedding.forward(&x)), &y)
        })
        .unwrap();
    }
    let (embedding, out) = &model;
    let next = out.forward(&embedding.forward(&Tensor::from(b"abc".to_vec()))).argmax_axis(-1);
    assert_eq!(next.cast::<u8>().to_vec(), b"bca");
}
