import Reports
import Studies
import Testing

private func setting(_ pairs: (String, Value)...) -> Setting {
    Setting(pairs.map { Assignment(key: $0.0, value: $0.1) })
}

@Test func labelsHaveShorterFormsThatStayDistinct() {
    let runs = [("adam", 1), ("adam", 2), ("sgd", 1)].enumerated().map { place, pair in
        Run(
            id: "\(place)", number: place + 1, trial: 0,
            setting: setting(
                ("lr", .number(0.1)), ("optimizer", .text(pair.0)), ("options", .integer(pair.1))))
    }
    let forms = ShortLabels(runs).forms(runs)
    #expect(
        forms.map { $0[1] }
            == [
                "lr=0.1,optimizer=adam,options=2", "optimizer=adam,options=2", "optim=adam,optio=2",
                "adam,2",
            ], "\(forms)")
    for form in forms { #expect(Set(form).count == 3) }
    #expect(ShortLabels(runs).fitting(10)["1"] == "adam,2")
    // `1,2` and `1`, `2` of other keys: values alone would not tell them apart.
    let alike = [
        Run(id: "a", number: 1, trial: 0, setting: setting(("x", .integer(1)))),
        Run(id: "b", number: 2, trial: 1, setting: setting(("y", .integer(1)))),
    ]
    for form in ShortLabels(alike).forms(alike) { #expect(Set(form).count == 2, "\(form)") }
}

@Test func tablesFitATerminalAndNameWhatTheyLeaveOut() {
    let table = FittedTable(
        [
            .init("#", isNumber: true), .init("run", dropOrder: 0),
            .init("label", cut: .whereDistinct), .init("state"),
        ],
        [
            ["1", "0123456789ab", "learning_rate=0.0001,batch_size=8,seed=1", "stored"],
            ["22", "ba9876543210", "learning_rate=0.0001,batch_size=8,seed=2", "失敗"],
        ])
    #expect(
        table.text(room: nil) == """
             #  run           label                                     state
             1  0123456789ab  learning_rate=0.0001,batch_size=8,seed=1  stored
            22  ba9876543210  learning_rate=0.0001,batch_size=8,seed=2  失敗
            """)
    #expect(
        table.text(room: 50) == """
             #  run           label                     state
             1  0123456789ab  learning_ra…ize=8,seed=1  stored
            22  ba9876543210  learning_ra…ize=8,seed=2  失敗
            """)
    let narrow = table.text(room: 36)
    #expect(narrow.hasSuffix("(no room for run)"), "\(narrow)")
    #expect(narrow.split(separator: "\n").allSatisfy { String($0).displayColumns <= 36 })
    #expect("唇読み".displayColumns == 6 && "e\u{301}".displayColumns == 1)
    // Marks take no room.
    let marked = table.text(room: nil) { _, column, text in column == 3 ? "<\(text)>" : text }
    #expect(marked.contains("seed=1  <stored>"))
}

@Test func textIsWrappedAtSpaces() {
    #expect(wrapped("one two three", to: 7) == "one two\nthree")
    #expect(wrapped("a longwordthatdoesnotfit b", to: 5) == "a\nlongwordthatdoesnotfit\nb")
}
