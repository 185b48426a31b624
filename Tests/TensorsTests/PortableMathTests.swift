import Foundation
import Tensors
import Testing

@Test func portableFunctionsAgreeWithTheMathematicsLibrary() {
    for step in -600...600 {
        let x = Double(step) / 1.7
        #expect(abs(PortableMath.exp(x) / exp(x) - 1) < 1e-14, "exp \(x)")
        let positive = exp(Double(step) / 20)
        let difference = abs(PortableMath.log(positive) - log(positive))
        #expect(difference <= 1e-14 * max(1, abs(log(positive))), "log \(positive)")
        let turn = Double(step + 600) / 1200
        #expect(abs(PortableMath.cosPi(turn) - cos(.pi * turn)) < 1e-14, "cosPi \(turn)")
    }
}
