/// The shape of a mouth at one moment, each part from 0 to 1.
struct MouthShape {
    /// How far the lips are apart.
    var opening: Double
    /// How wide the mouth is drawn.
    var width: Double
    /// How far the lips are pushed forward.
    var rounding: Double
    /// How much of the upper teeth shows.
    var teeth: Double
    /// How high the tongue lies.
    var tongue: Double

    static func + (a: MouthShape, b: MouthShape) -> MouthShape {
        MouthShape(
            opening: a.opening + b.opening, width: a.width + b.width,
            rounding: a.rounding + b.rounding,
            teeth: a.teeth + b.teeth, tongue: a.tongue + b.tongue)
    }

    static func * (a: MouthShape, factor: Double) -> MouthShape {
        MouthShape(
            opening: a.opening * factor, width: a.width * factor, rounding: a.rounding * factor,
            teeth: a.teeth * factor,
            tongue: a.tongue * factor)
    }
}

/// The visible units of speech (Fisher 1968): sounds that look the same on the lips are one viseme.
enum Viseme: Character, CaseIterable {
    case bilabial = "p"  // p b m
    case labiodental = "f"  // f v
    case dental = "T"  // th
    case alveolar = "t"  // t d n l s z
    case postalveolar = "S"  // sh ch j
    case velar = "k"  // k g
    case rhotic = "r"
    case open = "a"  // father
    case spread = "i"  // see
    case mid = "e"  // bed
    case rounded = "o"  // caught
    case close = "u"  // food

    var shape: MouthShape {
        switch self {
        case .bilabial: MouthShape(opening: 0, width: 0.5, rounding: 0.1, teeth: 0, tongue: 0)
        case .labiodental: MouthShape(opening: 0.14, width: 0.55, rounding: 0, teeth: 1, tongue: 0)
        case .dental: MouthShape(opening: 0.3, width: 0.5, rounding: 0, teeth: 0.5, tongue: 1)
        case .alveolar: MouthShape(opening: 0.22, width: 0.6, rounding: 0, teeth: 0.9, tongue: 0.6)
        case .postalveolar:
            MouthShape(opening: 0.3, width: 0.25, rounding: 0.7, teeth: 0.8, tongue: 0.2)
        case .velar: MouthShape(opening: 0.4, width: 0.5, rounding: 0, teeth: 0.3, tongue: 0.15)
        case .rhotic: MouthShape(opening: 0.3, width: 0.3, rounding: 0.5, teeth: 0.3, tongue: 0.3)
        case .open: MouthShape(opening: 1, width: 0.55, rounding: 0, teeth: 0.35, tongue: 0.1)
        case .spread: MouthShape(opening: 0.32, width: 1, rounding: 0, teeth: 0.7, tongue: 0.4)
        case .mid: MouthShape(opening: 0.6, width: 0.75, rounding: 0, teeth: 0.5, tongue: 0.3)
        case .rounded:
            MouthShape(opening: 0.72, width: 0.25, rounding: 0.6, teeth: 0.05, tongue: 0.05)
        case .close: MouthShape(opening: 0.28, width: 0.05, rounding: 1, teeth: 0, tongue: 0)
        }
    }

    /// How long it lasts beside the others.
    var length: Double {
        switch self {
        case .open, .spread, .mid, .rounded, .close: 1.6
        default: 1
        }
    }
}

/// The words of the built-in set. Neighbours in the list differ by one viseme, so that any number
/// of them is a task.
struct Word {
    let name: String
    let visemes: [Viseme]

    static let all: [Word] = [
        ("bob", "pap"), ("fob", "fap"), ("bib", "pip"), ("boob", "pup"), ("fish", "fiS"),
        ("fuss", "fat"),
        ("shoe", "Su"), ("she", "Si"), ("thaw", "To"), ("toe", "tou"), ("gum", "kap"),
        ("goof", "kuf"),
        ("reef", "rif"), ("roof", "ruf"), ("bath", "paT"), ("both", "poT"), ("beige", "peS"),
        ("five", "faif"),
        ("shave", "Seif"), ("comb", "koup"), ("thief", "Tif"), ("web", "uep"), ("yam", "iap"),
        ("boy", "poi"),
    ].map { name, code in Word(name: name, visemes: code.compactMap { Viseme(rawValue: $0) }) }
}
