import Networks
import Kernels
import Foundation
let args = CommandLine.arguments
let f = Int(args[1])!, size = Int(args[2])!, T = Int(args[3])!, B = Int(args[4])!, threads = Int(args[5])!
let width = try VectorWidth.chosen(environment: ProcessInfo.processInfo.environment)
let net = VisualSpeechNetwork(shape: .init(frames: T, height: size, width: size, channels: 1, filters: f, classes: 10, dropout: 0, batchNormMomentum: 0.1), clips: B, machine: Machine(kernels: width.kernels, threads: threads), seed: 1)
var frame = [UInt8](repeating: 0, count: size*size)
for b in 0..<B { for t in 0..<T { for i in 0..<size*size { frame[i] = UInt8(truncatingIfNeeded: (i &* 31 &+ b &* 17 &+ t &* 7 &+ (i*i) % 91)) }; net.setFrame(frame, clip: b, time: t, batch: B) } }
let labels = (0..<B).map { $0 % 10 }
for s in 0..<6 {
  let t0 = DispatchTime.now().uptimeNanoseconds
  net.pack()
  let t1 = DispatchTime.now().uptimeNanoseconds
  net.forward(batch: B, training: .init(seed: 1, number: UInt64(s)))
  let l = net.loss(labels: labels).reduce(0,+)/Float(B)
  let t2 = DispatchTime.now().uptimeNanoseconds
  net.backward(labels: labels)
  let t3 = DispatchTime.now().uptimeNanoseconds
  let w = net.parameters.weights, g = net.parameters.gradients
  for i in 0..<w.count { w.pointer[i] -= 0.05 * g.pointer[i] }
  print("pack \(Double(t1-t0)/1e6) fwd \(Double(t2-t1)/1e6) bwd \(Double(t3-t2)/1e6) ms loss \(l)")
}
