package dev.edgeship.bench;

import android.annotation.SuppressLint;
import android.app.Activity;
import android.graphics.ImageFormat;
import android.hardware.camera2.CameraAccessException;
import android.hardware.camera2.CameraCaptureSession;
import android.hardware.camera2.CameraCharacteristics;
import android.hardware.camera2.CameraDevice;
import android.hardware.camera2.CameraManager;
import android.hardware.camera2.CaptureRequest;
import android.media.Image;
import android.media.ImageReader;
import android.os.Handler;
import android.os.HandlerThread;
import android.util.Size;
import android.view.Surface;
import java.io.Closeable;
import java.util.Collections;

/**
 * A camera whose frames are looked at one by one, on a thread of its own.
 *
 * <p>Frames that come while one is being looked at are dropped, so that what is shown is new.
 */
final class Camera implements Closeable {
  /** What is told about a camera, on the camera's thread or the screen's. */
  interface Told {
    void frame(Rows frame);

    /** The camera gives no more frames; the sentence's number in R.string says why. */
    void failed(int why);
  }

  private static final int WIDTH = 640;
  private static final int HEIGHT = 480;

  private final Activity activity;
  private final Told told;
  private final HandlerThread thread = new HandlerThread("camera");
  private Handler handler;
  private CameraDevice device;
  private ImageReader reader;
  private int orientation;
  private boolean opening;
  private boolean closed;

  Camera(Activity activity, Told told) {
    this.activity = activity;
    this.told = told;
  }

  /** Opens the camera at the back, or another one. The user has given the permission. */
  @SuppressLint("MissingPermission")
  void open() {
    thread.start();
    handler = new Handler(thread.getLooper());
    CameraManager manager = (CameraManager) activity.getSystemService(Activity.CAMERA_SERVICE);
    try {
      String id = choose(manager);
      if (id == null) {
        told.failed(R.string.camera_none);
        return;
      }
      CameraCharacteristics about = manager.getCameraCharacteristics(id);
      orientation = Upright.orientation(degrees(about));
      Size size = size(about);
      reader =
          ImageReader.newInstance(
              size.getWidth(), size.getHeight(), ImageFormat.YUV_420_888, 2);
      reader.setOnImageAvailableListener(this::look, handler);
      manager.openCamera(id, new Opened(), handler);
      opening = true;
    } catch (CameraAccessException | SecurityException error) {
      told.failed(R.string.camera_busy);
    }
  }

  @Override
  public synchronized void close() {
    closed = true;
    if (device != null) device.close();
    else if (!opening) end();
  }

  /** Gives back what is left when the camera is closed, or was never opened. */
  private void end() {
    if (reader != null) reader.close();
    thread.quitSafely();
  }

  private static String choose(CameraManager manager) throws CameraAccessException {
    String any = null;
    for (String id : manager.getCameraIdList()) {
      Integer facing =
          manager.getCameraCharacteristics(id).get(CameraCharacteristics.LENS_FACING);
      if (facing != null && facing == CameraCharacteristics.LENS_FACING_BACK) return id;
      if (any == null) any = id;
    }
    return any;
  }

  /** Returns the size of frames: the nearest to 640 x 480. */
  private static Size size(CameraCharacteristics about) {
    Size best = new Size(WIDTH, HEIGHT);
    long least = Long.MAX_VALUE;
    Size[] sizes =
        about
            .get(CameraCharacteristics.SCALER_STREAM_CONFIGURATION_MAP)
            .getOutputSizes(ImageFormat.YUV_420_888);
    for (Size size : sizes) {
      long far =
          (long) Math.abs(size.getWidth() - WIDTH) + Math.abs(size.getHeight() - HEIGHT);
      if (far < least) {
        best = size;
        least = far;
      }
    }
    return best;
  }

  /** Returns by how much frames have to be turned clockwise, as the phone is held now. */
  private int degrees(CameraCharacteristics about) {
    int[] held = {0, 90, 180, 270};
    int screen = held[activity.getWindowManager().getDefaultDisplay().getRotation()];
    Integer sensor = about.get(CameraCharacteristics.SENSOR_ORIENTATION);
    Integer facing = about.get(CameraCharacteristics.LENS_FACING);
    boolean front = facing != null && facing == CameraCharacteristics.LENS_FACING_FRONT;
    return (sensor == null ? 0 : sensor) + (front ? screen : -screen);
  }

  private void look(ImageReader from) {
    Rows frame;
    try (Image image = from.acquireLatestImage()) {
      if (image == null) return;
      frame = new Upright(frame(image), orientation);
    }
    told.frame(frame);
  }

  private static Frame frame(Image image) {
    Frame.Plane[] planes = new Frame.Plane[3];
    for (int i = 0; i < planes.length; i++) {
      Image.Plane plane = image.getPlanes()[i];
      planes[i] =
          new Frame.Plane(plane.getBuffer(), plane.getRowStride(), plane.getPixelStride());
    }
    return new Frame(image.getWidth(), image.getHeight(), planes[0], planes[1], planes[2]);
  }

  private synchronized void opened(CameraDevice camera) throws CameraAccessException {
    if (closed) {
      camera.close();
      return;
    }
    device = camera;
    Surface target = reader.getSurface();
    camera.createCaptureSession(Collections.singletonList(target), new Configured(), handler);
  }

  private synchronized void configured(CameraCaptureSession session)
      throws CameraAccessException {
    if (closed) return;
    CaptureRequest.Builder request =
        session.getDevice().createCaptureRequest(CameraDevice.TEMPLATE_PREVIEW);
    request.addTarget(reader.getSurface());
    session.setRepeatingRequest(request.build(), null, handler);
  }

  private final class Opened extends CameraDevice.StateCallback {
    @Override
    public void onOpened(CameraDevice camera) {
      try {
        opened(camera);
      } catch (CameraAccessException error) {
        told.failed(R.string.camera_busy);
      }
    }

    @Override
    public void onDisconnected(CameraDevice camera) {
      camera.close();
      told.failed(R.string.camera_busy);
    }

    @Override
    public void onError(CameraDevice camera, int error) {
      camera.close();
      told.failed(R.string.camera_busy);
    }

    @Override
    public void onClosed(CameraDevice camera) {
      end();
    }
  }

  private final class Configured extends CameraCaptureSession.StateCallback {
    @Override
    public void onConfigured(CameraCaptureSession session) {
      try {
        configured(session);
      } catch (CameraAccessException error) {
        told.failed(R.string.camera_busy);
      }
    }

    @Override
    public void onConfigureFailed(CameraCaptureSession session) {
      told.failed(R.string.camera_busy);
    }
  }
}
