// The part of Core ML that generated code uses, without its code: types are checked against it.
import CoreVideo
import Foundation

public enum MLMultiArrayDataType { case double, float32, float16, int32 }

public final class MLMultiArray {}

public protocol MLShapedArrayScalar {}
extension Float: MLShapedArrayScalar {}
extension Double: MLShapedArrayScalar {}
extension Int32: MLShapedArrayScalar {}

public struct MLShapedArray<Scalar: MLShapedArrayScalar> {
    public init(scalars: some Sequence<Scalar>, shape: [Int]) { fatalError() }
    public init(converting: MLMultiArray) { fatalError() }
    public var scalars: [Scalar] { fatalError() }
}

public final class MLFeatureValue {
    public init(pixelBuffer: CVPixelBuffer) { fatalError() }
    public convenience init<Scalar: MLShapedArrayScalar>(shapedArray: MLShapedArray<Scalar>) {
        fatalError()
    }
    public var multiArrayValue: MLMultiArray? { fatalError() }
    public var stringValue: String { fatalError() }
    public var dictionaryValue: [AnyHashable: NSNumber] { fatalError() }
}

public protocol MLFeatureProvider {
    var featureNames: Set<String> { get }
    func featureValue(for featureName: String) -> MLFeatureValue?
}

public final class MLDictionaryFeatureProvider: MLFeatureProvider {
    public init(dictionary: [String: Any]) throws { fatalError() }
    public var featureNames: Set<String> { fatalError() }
    public func featureValue(for featureName: String) -> MLFeatureValue? { fatalError() }
}

public final class MLModelConfiguration {
    public init() { fatalError() }
}

public final class MLModel {
    public convenience init(contentsOf url: URL, configuration: MLModelConfiguration) throws {
        fatalError()
    }
    public func prediction(from input: MLFeatureProvider) throws -> MLFeatureProvider {
        fatalError()
    }
}
