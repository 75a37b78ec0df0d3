plugins {
    alias(libs.plugins.android.application)
}

// 1.2.3 is 1002003, so that a later version always has the larger code.
fun codeOf(version: String): Int =
    version.split(".").map(String::toInt).fold(0) { code, part -> code * 1000 + part }

android {
    namespace = "dev.edgeship.bench"
    compileSdk = libs.versions.compileSdk.get().toInt()
    ndkVersion = libs.versions.ndk.get()

    defaultConfig {
        applicationId = "dev.edgeship.bench"
        minSdk = libs.versions.minSdk.get().toInt()
        targetSdk = libs.versions.targetSdk.get().toInt()
        versionName = libs.versions.app.get()
        versionCode = codeOf(libs.versions.app.get())
        ndk {
            abiFilters += listOf("arm64-v8a", "x86_64")
        }
        externalNativeBuild {
            cmake {
                // Before r28, the NDK has to be told that pages may be of 16 KiB.
                arguments += "-DANDROID_SUPPORT_FLEXIBLE_PAGE_SIZES=ON"
            }
        }
    }

    compileOptions {
        sourceCompatibility = JavaVersion.toVersion(libs.versions.java.get())
        targetCompatibility = JavaVersion.toVersion(libs.versions.java.get())
    }

    externalNativeBuild {
        cmake {
            path = file("src/main/cpp/CMakeLists.txt")
            version = libs.versions.cmake.get()
        }
    }

    packaging {
        jniLibs {
            // Stored and aligned in the APK, from where the system maps them.
            useLegacyPackaging = false
        }
    }

    buildTypes {
        release {
            // Nothing to shrink, and stack traces stay readable.
            isMinifyEnabled = false
        }
    }
}

dependencies {
    // For libLiteRt.so and the GPU's accelerator, which the C code opens; no Java of theirs is used.
    implementation(libs.litert)
    implementation(libs.litert.gpu)
}
