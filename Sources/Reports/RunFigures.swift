import RunStore
import Studies

extension Notebook.Figure {
    /// What one run's test set says, as pictures: the confusion matrix and some clips. None where the
    /// run has no test set.
    package static func all(of run: RunFileContents) -> [Notebook.Figure] {
        var figures: [Notebook.Figure] = []
        if let test = run.test, !run.classes.isEmpty {
            figures.append(
                Notebook.Figure(
                    name: "confusion",
                    caption: "Test clips by true class (rows) and predicted class (columns).",
                    draw: ConfusionPicture(
                        title: "test clips of \(run.provenance.label)", classes: run.classes,
                        counts: test.confusion
                    ).svg))
        }
        if let strip = ClipStrip(run) {
            figures.append(
                Notebook.Figure(
                    name: "clips",
                    caption:
                        "Clips of the \(strip.splitName) split that are classified correctly and wrongly.",
                    draw: strip.svg))
        }
        return figures
    }
}
