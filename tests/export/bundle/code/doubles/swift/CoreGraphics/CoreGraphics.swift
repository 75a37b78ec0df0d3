// The part of Core Graphics that generated code uses, without its code: types are checked against it.
import Foundation

public enum CGColorSpaceModel: Int32 { case monochrome, rgb, cmyk, lab }

public final class CGColorSpace {
    public static let sRGB: NSString = "kCGColorSpaceSRGB"
    public init?(name: NSString) { fatalError() }
    public var model: CGColorSpaceModel { fatalError() }
    public var supportsOutput: Bool { fatalError() }
}

public enum CGImageAlphaInfo: UInt32 { case none, noneSkipLast = 5 }

public final class CGImage {
    public var width: Int { fatalError() }
    public var height: Int { fatalError() }
    public var colorSpace: CGColorSpace? { fatalError() }
}

public final class CGContext {
    public init?(
        data: UnsafeMutableRawPointer?, width: Int, height: Int, bitsPerComponent: Int,
        bytesPerRow: Int, space: CGColorSpace, bitmapInfo: UInt32
    ) { fatalError() }
    public func draw(_ image: CGImage, in rect: CGRect) { fatalError() }
}
